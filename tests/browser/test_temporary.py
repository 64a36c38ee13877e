"""A temporary conversation, from the switch to its end, in a real browser."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fakes import ScriptedBackend
from live_box import LiveBox
from playwright.sync_api import Page, expect

from appliance.conversations.lifetimes import GRACE_SECONDS

SECRET = "xylotomous"
WIDE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
MARK = "Temporary: nothing of it is written to this box’s disk."


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveBox]:
    box = LiveBox(tmp_path, lambda: ScriptedBackend(lambda sequence: "A short reply."))
    box.start()
    yield box
    box.stop()


@pytest.fixture
def begin(live: LiveBox, say) -> Callable[[Page], None]:
    """A page with a temporary conversation that has its first reply."""

    def begin(page: Page) -> None:
        page.goto(live.url)
        page.get_by_label("Temporary conversation").check()
        say(page, f"A {SECRET} plan")
        expect(page.locator(".prose")).to_have_text("A short reply.")
        expect(page.locator("#action.send")).to_be_visible()

    return begin


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def pages_of(live: LiveBox) -> int:
    """How many pages the box believes to be open."""
    return sum(len(life.pages) for life in live.box.temporary.lifetimes._lives.values())


def end_those_over(live: LiveBox) -> int:
    """Let the box look now; how many are left."""
    live.do(live.box.temporary.conversations.end_those_over)
    return len(live.box.temporary.lifetimes.of(live.box.person))


def test_it_is_marked_while_it_is_open_and_is_not_in_the_list(live, page, begin, say):
    page.goto(live.url)
    expect(page.get_by_text("Nothing of it is written to this box’s disk.")).to_be_visible()
    begin(page)
    assert "/conversations/temporary-" in page.url
    expect(page).to_have_title("Temporary conversation")
    expect(page.get_by_role("heading", name="Temporary conversation")).to_be_visible()
    expect(page.get_by_text(MARK)).to_be_visible()
    expect(page.get_by_label("Temporary conversation")).to_have_count(0)
    expect(page.locator("#conversations li")).to_have_count(0)
    say(page, "And more")
    expect(page.locator(".prose")).to_have_count(2)
    page.goto(live.url)
    expect(page.locator("#conversations li")).to_have_count(0)
    expect(page.get_by_label("Temporary conversation")).not_to_be_checked()


def test_a_reload_keeps_it_and_so_does_a_second_tab(live, page, begin):
    begin(page)
    wait_until(lambda: pages_of(live) == 1)
    page.reload()
    expect(page.locator(".typed")).to_contain_text(SECRET)
    expect(page.get_by_text(MARK)).to_be_visible()
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.locator(".typed")).to_contain_text(SECRET)
    wait_until(lambda: pages_of(live) == 2)
    page.goto("about:blank")
    wait_until(lambda: pages_of(live) == 1)
    live.now += 2 * GRACE_SECONDS
    assert end_those_over(live) == 1
    expect(second.get_by_text(MARK)).to_be_visible()


def test_it_is_gone_a_minute_after_its_tab_was_closed(live, page, begin):
    begin(page)
    wait_until(lambda: pages_of(live) == 1)
    path, context = page.url, page.context
    page.close(run_before_unload=True)
    wait_until(lambda: pages_of(live) == 0)
    assert end_those_over(live) == 1
    live.now += GRACE_SECONDS
    assert end_those_over(live) == 0
    late = context.new_page()
    late.goto(path)
    expect(late.get_by_role("alert")).to_contain_text("This temporary conversation is gone.")


def test_coming_back_within_the_minute_finds_it(live, page, begin):
    begin(page)
    wait_until(lambda: pages_of(live) == 1)
    page.get_by_role("link", name="New conversation").click()
    expect(page.get_by_label("Temporary conversation")).to_be_visible()
    wait_until(lambda: pages_of(live) == 0)
    page.go_back()
    expect(page.locator(".typed")).to_contain_text(SECRET)
    wait_until(lambda: pages_of(live) == 1)
    live.now += 2 * GRACE_SECONDS
    assert end_those_over(live) == 1


def test_delete_now(live, page, begin):
    begin(page)
    page.get_by_role("button", name="Delete now").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    receipt = page.get_by_text("Deleted for good: the conversation and its 2 messages.")
    expect(receipt).to_be_visible()
    expect(page.get_by_text(SECRET)).to_have_count(0)
    # What is written next may have been meant for it.
    expect(page.get_by_label("Temporary conversation")).to_be_checked()
    expect(page).to_have_title("Appliance")


def test_a_restart_ends_it_and_the_page_says_so_and_keeps_what_is_being_written(live, page, begin):
    begin(page)
    page.get_by_label("Your message").fill("half a thought")
    live.stop()
    live.start()
    page.evaluate("dispatchEvent(new Event('focus'))")
    gone = "This temporary conversation is gone."
    notice = page.get_by_role("status").filter(has_text=gone)
    expect(notice).to_be_visible()
    expect(page.get_by_text(SECRET)).to_have_count(0)
    expect(page.get_by_label("Your message")).to_have_value("half a thought")
    expect(page.get_by_label("Temporary conversation")).to_be_checked()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".typed")).to_contain_text("half a thought")
    expect(page.get_by_text(MARK)).to_be_visible()
    assert "/conversations/temporary-" in page.url


def test_the_browser_keeps_no_draft_of_it(live, page, begin, say):
    def stored() -> str:
        return page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")

    page.goto(live.url)
    page.get_by_label("Your message").fill(f"{SECRET} one")
    assert SECRET in stored()
    page.get_by_label("Temporary conversation").check()
    assert SECRET not in stored()
    page.get_by_label("Your message").fill(f"{SECRET} two")
    assert SECRET not in stored()
    begin(page)
    page.get_by_label("Your message").fill(f"{SECRET} three")
    assert SECRET not in stored()


def test_it_works_without_scripts(live, new_context):
    page = new_context(java_script_enabled=False).new_page()
    page.goto(live.url)
    page.get_by_label("Temporary conversation").check()
    page.get_by_label("Your message").fill(f"A {SECRET} plan")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".typed")).to_contain_text(SECRET)
    words = page.locator(".temporary .small")
    expect(words).to_contain_text("gone after an hour without use.", use_inner_text=True)
    expect(page.get_by_role("button", name="Delete now")).to_be_hidden()
    assert "/conversations/temporary-" in page.url


def test_fingers_can_hit_the_switch_and_delete(live, new_context, begin):
    page = new_context(**PHONE).new_page()
    page.goto(live.url)
    switch = page.locator(".temporary .switch").bounding_box()
    assert switch is not None and switch["height"] >= 44
    begin(page)
    button = page.get_by_role("button", name="Delete now").bounding_box()
    assert button is not None and button["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_switch_is_reached_and_turned_by_the_keyboard(live, page, say):
    page.goto(live.url)
    switch = page.get_by_label("Temporary conversation")
    page.get_by_label("Your message").focus()
    page.keyboard.press("Shift+Tab")
    expect(switch).to_be_focused()
    page.keyboard.press("Space")
    expect(switch).to_be_checked()
    page.get_by_role("button", name=re.compile("heat pump")).click()
    expect(page.get_by_text(MARK)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_that_axe_complains_of(live, new_context, begin, size, scheme):
    page = new_context(**size, color_scheme=scheme, bypass_csp=True).new_page()
    page.emulate_media(reduced_motion="reduce")
    page.goto(live.url)
    page.get_by_label("Temporary conversation").check()
    assert Axe().run(page).response["violations"] == []
    begin(page)
    assert Axe().run(page).response["violations"] == []


def test_the_goodbye_is_a_request_that_outlives_its_page(live, page, begin):
    page.add_init_script(
        "window.sent = []; const plain = fetch; window.fetch = (url, options) => {"
        " sent.push([options.method, options.keepalive]); return plain(url, options); }"
    )
    begin(page)
    wait_until(lambda: pages_of(live) == 1)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert ["DELETE", True] in page.evaluate("sent")

"""Acts on messages as a person does them: by mouse, by keys, by touch, in two tabs."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conversation_steps import InTurn
from fakes import ScriptedBackend
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pysqlite3 import dbapi2 as sqlite
from serving import serving

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
Talk = Callable[..., None]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[str]:
    """Each reply is another one, so that they can be told apart."""
    backend = ScriptedBackend(InTurn(*(f"Reply {number}." for number in range(1, 40))))
    with serving(tmp_path, backend) as url:
        yield url


@pytest.fixture
def talk(say: Callable[[Page, str], None]) -> Talk:
    def talk(page: Page, *words: str) -> None:
        for each in words:
            count = page.locator(".reply .after").count()
            say(page, each)
            expect(page.locator(".reply .after")).to_have_count(count + 1)

    return talk


def act(message: Locator, name: str) -> None:
    message.hover()
    message.get_by_role("button", name=name).click()


def said(page: Page) -> list[str]:
    return page.locator(".message .words, .message .prose").all_inner_texts()


def is_over(page: Page) -> None:
    expect(page.locator("#action.send")).to_be_visible()


def test_another_reply_has_arrows_to_the_first(box: str, page: Page, talk: Talk) -> None:
    page.goto(box)
    talk(page, "What is rice?", "And maize?")
    act(page.locator(".reply").first, "Retry")
    expect(page.locator(".prose")).to_have_text(["Reply 3."])
    is_over(page)
    expect(page.get_by_text("2 / 2")).to_be_visible()
    page.get_by_role("link", name="Previous version").click()
    expect(page.locator(".prose")).to_have_text(["Reply 1.", "Reply 2."])
    expect(page.get_by_text("1 / 2")).to_be_attached()
    page.reload()
    assert said(page) == ["What is rice?", "Reply 1.", "And maize?", "Reply 2."]


def test_an_arrow_keeps_the_focus_while_one_goes_through_versions(
    box: str, page: Page, talk: Talk
) -> None:
    page.goto(box)
    talk(page, "What is rice?")
    for number in (2, 3):
        act(page.locator(".reply"), "Retry")
        expect(page.locator(".prose")).to_have_text(f"Reply {number}.")
        is_over(page)
    page.get_by_role("link", name="Previous version").focus()
    for number in (2, 1):
        page.keyboard.press("Enter")
        expect(page.locator(".prose")).to_have_text(f"Reply {number}.")
        if number > 1:
            expect(page.get_by_role("link", name="Previous version")).to_be_focused()
    expect(page.locator("#announce")).to_have_text("Another version is shown.")


def test_a_message_is_edited_in_its_place(box: str, page: Page, talk: Talk) -> None:
    page.goto(box)
    talk(page, "What is rise?", "And maize?")
    first = page.locator(".typed").first
    act(first, "Edit the message")
    field = page.get_by_label("The message, edited")
    expect(field).to_be_focused()
    expect(field).to_have_value("What is rise?")
    expect(first.locator(".bubble")).to_be_hidden()
    field.fill("What is rice?")
    first.get_by_role("button", name="Send").click()
    expect(page.locator(".prose")).to_have_text(["Reply 3."])
    expect(page.locator(".typed .words")).to_have_text(["What is rice?"])
    expect(page.locator("dialog.edit")).to_have_count(0)
    is_over(page)
    page.locator(".typed").hover()
    expect(page.locator(".typed").get_by_text("2 / 2")).to_be_visible()
    assert re.search(r"/conversations/[0-9a-f]{32}$", page.url)
    page.reload()
    assert said(page) == ["What is rice?", "Reply 3."]


def test_an_edit_that_is_refused_or_cancelled_loses_nothing(
    box: str, page: Page, talk: Talk
) -> None:
    page.goto(box)
    talk(page, "What is rice?")
    typed = page.locator(".typed")
    act(typed, "Edit the message")
    field = page.get_by_label("The message, edited")
    field.fill("x" * 32_001)
    typed.get_by_role("button", name="Send").click()
    expect(typed.get_by_role("alert")).to_contain_text("at most 32,000")
    expect(field).to_have_value("x" * 32_001)
    typed.get_by_role("button", name="Cancel").click()
    expect(typed.locator(".bubble")).to_be_visible()
    assert said(page) == ["What is rice?", "Reply 1."]
    act(typed, "Edit the message")
    expect(field).to_have_value("What is rice?")


def test_up_in_an_empty_composer_edits_the_last_message(box: str, page: Page, talk: Talk) -> None:
    page.goto(box)
    talk(page, "One", "Two")
    composer = page.get_by_label("Your message")
    composer.fill("draft")
    composer.press("ArrowUp")
    expect(page.locator("dialog.edit")).to_have_count(0)
    composer.fill("")
    composer.press("ArrowUp")
    expect(page.get_by_label("The message, edited")).to_have_value("Two")
    expect(page.get_by_label("The message, edited")).to_be_focused()


def test_a_pair_is_deleted_after_a_question(box: str, page: Page, talk: Talk) -> None:
    page.goto(box)
    talk(page, "One", "Two", "Three")
    second = page.locator(".typed").nth(1)
    act(second, "Delete the message and its replies")
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".typed")).to_have_count(3)
    act(second, "Delete the message and its replies")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".typed .words")).to_have_text(["One", "Three"])
    expect(page.locator("#notice")).to_have_text("Deleted for good: 1 message and 1 reply.")
    page.reload()
    assert said(page) == ["One", "Reply 1.", "Three", "Reply 3."]


def test_with_the_last_pair_the_conversation_goes(box: str, page: Page, talk: Talk) -> None:
    page.goto(box)
    talk(page, "One")
    page.get_by_label("Your message").fill("a draft")
    act(page.locator(".typed"), "Delete the message and its replies")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("and with it the conversation.")).to_be_visible()
    assert page.url == f"{box}/"
    expect(page.get_by_label("Your message")).to_have_value("a draft")


def test_a_cut_reply_goes_on_in_the_same_bubble(tmp_path: Path, page: Page, talk: Talk) -> None:
    backend = ScriptedBackend(InTurn("A long story ", "comes to its end."))
    with serving(tmp_path, backend, limits={"reply_tokens": 13}) as url:
        page.goto(url)
        talk(page, "Tell me a story")
        expect(page.get_by_text("The reply reached its length limit.")).to_be_visible()
        page.get_by_role("button", name="Continue").click()
        expect(page.locator(".prose")).to_have_text(["A long story comes to its"])
        page.get_by_role("button", name="Continue").click()
        is_over(page)
        page.reload()
        assert page.locator(".prose").count() == 1
        assert page.locator(".prose").inner_text().startswith("A long story comes to its")


def test_what_was_typed_is_copied_as_it_was_typed(
    box: str, new_context: Callable[..., BrowserContext], talk: Talk
) -> None:
    page = new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.goto(box)
    words = "".join(f"line {number}\n\n" for number in range(300))
    talk(page, words)
    act(page.locator(".typed"), "Copy the message")
    expect(page.locator("#announce")).to_have_text("Copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == words


def test_two_tabs_that_act_at_once_are_one_turn_and_a_sentence(
    tmp_path: Path, page: Page, talk: Talk, say: Callable[[Page, str], None]
) -> None:
    backend = ScriptedBackend(InTurn("One.", "x" * 500), gated=True)
    with serving(tmp_path, backend) as url:
        backend.let(40)
        page.goto(url)
        talk(page, "What is rice?")
        other = page.context.new_page()
        other.goto(page.url)
        # The other tab must not hear of it before it acts.
        other.evaluate("() => document.querySelector('#sync').remove()")
        act(other.locator(".typed"), "Edit the message")
        expect(other.get_by_label("The message, edited")).to_be_visible()
        say(page, "And maize?")
        expect(page.locator("#action.stop")).to_be_visible()
        sentence = "A reply is still being written here. Wait for it or stop it first."
        other.get_by_label("Your message").fill("And wheat?")
        other.get_by_label("Your message").press("Enter")
        expect(other.locator("#notice").get_by_role("alert")).to_have_text(sentence)
        expect(other.get_by_label("Your message")).to_have_value("And wheat?")
        other.get_by_label("The message, edited").fill("What is wheat?")
        other.locator(".typed").get_by_role("button", name="Send").click()
        expect(other.locator(".typed").get_by_role("alert")).to_have_text(sentence)
        expect(other.get_by_label("The message, edited")).to_have_value("What is wheat?")
        with closing(sqlite.connect(f"file:{tmp_path}/appliance.sqlite3?mode=ro", uri=True)) as db:
            ((messages, turns),) = db.execute(
                "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM turns)"
            )
        assert (messages, turns) == (3, 2)


def test_the_other_tab_follows_and_leaves_an_edit_in_it_alone(
    box: str, page: Page, talk: Talk
) -> None:
    page.goto(box)
    talk(page, "One", "Two")
    other = page.context.new_page()
    other.goto(page.url)
    act(other.locator(".typed").first, "Edit the message")
    other.get_by_label("The message, edited").fill("half an edit")
    act(page.locator(".reply").last, "Retry")
    expect(page.locator(".prose")).to_have_text(["Reply 1.", "Reply 3."])
    is_over(page)
    other.bring_to_front()
    expect(other.locator(".prose")).to_have_text(["Reply 1.", "Reply 3."])
    expect(other.get_by_label("The message, edited")).to_have_value("half an edit")
    page.bring_to_front()
    page.locator(".reply").last.hover()
    page.get_by_role("link", name="Previous version").click()
    other.bring_to_front()
    expect(other.locator(".prose")).to_have_text(["Reply 1.", "Reply 2."])
    page.bring_to_front()
    act(page.locator(".typed").last, "Delete the message and its replies")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    other.bring_to_front()
    expect(other.locator(".prose")).to_have_text(["Reply 1."])
    expect(other.get_by_label("The message, edited")).to_have_value("half an edit")


def test_a_link_to_a_message_shows_it_and_what_is_around(box: str, page: Page, talk: Talk) -> None:
    page.goto(box)
    talk(page, *(f"Question {number}" for number in range(30)))
    ids = page.locator(".reply h2").evaluate_all("(all) => all.map((each) => each.id)")
    assert len(ids) == 30
    message_id = ids[3].removeprefix("message-")
    page.goto("about:blank")
    page.goto(f"{box}/conversations/{_conversation_of(box, page)}?at={message_id}#{ids[3]}")
    expect(page.get_by_text("Reply 4.", exact=True)).to_be_in_viewport()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.get_by_text("Reply 30.", exact=True)).to_be_in_viewport()
    expect(page.locator("#later")).to_have_count(0)
    assert page.locator(".prose").all_inner_texts() == [f"Reply {n}." for n in range(1, 31)]


def _conversation_of(box: str, page: Page) -> str:
    page.goto(box)
    href = page.locator(".conversations a").first.get_attribute("href")
    assert href is not None
    return href.rsplit("/", 1)[1]


def test_on_touch_the_acts_are_always_there_and_large_enough(
    box: str, new_context: Callable[..., BrowserContext], talk: Talk
) -> None:
    page = new_context(**PHONE).new_page()
    page.goto(box)
    talk(page, "What is rice?")
    retry = page.locator(".reply").get_by_role("button", name="Retry")
    expect(retry).to_have_css("opacity", "1")
    retry.tap()
    expect(page.locator(".prose")).to_have_text("Reply 2.")
    is_over(page)
    for control in page.locator(".after :is(button, a):visible").all():
        size = control.bounding_box()
        assert size is not None and min(size["width"], size["height"]) >= 43.9
    page.locator(".typed").get_by_role("button", name="Edit the message").tap()
    for control in page.locator("dialog.edit button").all():
        size = control.bounding_box()
        assert size is not None and size["height"] >= 43.9
    overflow = "() => document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(overflow) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_that_axe_complains_of(
    box: str, new_context: Callable[..., BrowserContext], talk: Talk, scheme: str
) -> None:
    page = new_context(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce").new_page()
    page.goto(box)
    talk(page, "What is rice?")
    act(page.locator(".reply"), "Retry")
    expect(page.locator(".prose")).to_have_text("Reply 2.")
    is_over(page)

    def complaints() -> list[tuple[str, list[str]]]:
        found = Axe().run(page).response["violations"]
        return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found]

    page.locator(".reply").hover()
    assert complaints() == []
    act(page.locator(".typed"), "Edit the message")
    expect(page.get_by_label("The message, edited")).to_be_focused()
    assert complaints() == []
    page.get_by_role("button", name="Cancel").click()
    act(page.locator(".typed"), "Delete the message and its replies")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert complaints() == []


def test_without_scripts_the_arrows_are_links(
    box: str, page: Page, new_context: Callable[..., BrowserContext], talk: Talk
) -> None:
    page.goto(box)
    talk(page, "What is rice?")
    act(page.locator(".reply"), "Retry")
    expect(page.locator(".prose")).to_have_text("Reply 2.")
    is_over(page)
    plain = new_context(java_script_enabled=False).new_page()
    plain.goto(page.url)
    plain.locator(".reply").hover()
    plain.get_by_role("link", name="Previous version").click()
    expect(plain.locator(".prose")).to_have_text("Reply 1.")
    expect(plain.get_by_role("button", name="Edit the message")).to_have_count(0)


def test_two_quick_clicks_are_one_act(tmp_path: Path, page: Page, talk: Talk) -> None:
    backend = ScriptedBackend(InTurn("One.", "x" * 500), gated=True)
    with serving(tmp_path, backend) as url:
        backend.let(40)
        page.goto(url)
        talk(page, "What is rice?")
        reply = page.locator(".reply")
        reply.hover()
        reply.get_by_role("button", name="Retry").dblclick()
        expect(page.locator("#action.stop")).to_be_visible()
        expect(page.locator(".status")).to_be_attached()
        expect(page.get_by_role("alert")).to_have_count(0)
        page.keyboard.press("Escape")
        backend.let(1000)
        is_over(page)
        expect(page.get_by_role("alert")).to_have_count(0)
        assert page.locator(".reply").count() == 1

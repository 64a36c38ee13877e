"""Sealing an account as a person sees it: on a phone and on a wide screen, in light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fakes import ScriptedBackend
from live_box import LiveBox
from playwright.sync_api import Page, expect
from sealing import PASSWORD, Dweller

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveBox]:
    box = LiveBox(tmp_path, lambda: ScriptedBackend(lambda sequence: "A short reply."))
    box.start()
    box.do(Dweller(box.box).move_in)
    yield box
    box.stop()


@pytest.fixture(params=["light", "dark"])
def page(request, new_context) -> Page:
    return new_context(**PHONE, color_scheme=request.param, bypass_csp=True).new_page()


def check(page: Page) -> None:
    """Nothing that axe complains of, nothing wider than the screen, nothing too small to touch."""
    page.emulate_media(reduced_motion="reduce")
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for target in page.locator("main button:visible, main input:visible, main a.button").all():
        box = target.bounding_box()
        assert box is not None and box["height"] >= 44, target.inner_html()


def test_from_the_first_look_to_opening_it_after_a_restart(live: LiveBox, page: Page, say) -> None:
    page.goto(live.url)
    say(page, "Where is the lighthouse?")
    expect(page.locator(".prose")).to_have_text("A short reply.")
    conversation = page.url
    page.goto(f"{live.url}/account/seal")
    check(page)
    page.get_by_role("button", name="Show me the code").click()
    code = page.locator(".recovery-code span").all_inner_texts()
    check(page)
    page.get_by_label("type its last group").fill(code[-1].lower())
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Seal my account").click()
    # The page follows the change, and shows what is so now by itself.
    expect(page.get_by_role("button", name="Unseal my account")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Your account is sealed.")
    check(page)
    page.goto(conversation)
    expect(page.locator(".prose")).to_have_text("A short reply.")
    live.stop()
    live.start()
    page.reload()
    expect(page.get_by_role("heading", name="Open your account")).to_be_visible()
    page.locator("summary").click()
    check(page)
    page.get_by_label("Your password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page).to_have_url(conversation)
    expect(page.locator(".prose")).to_have_text("A short reply.")

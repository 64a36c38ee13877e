"""A conversation is shared in one browser and read in another, in which nobody is signed in."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.small_box import small_box
from playwright.sync_api import expect

WIDE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SMALL = """() => [...document.querySelectorAll(
  "button, a, select, label.tick, input:not([type=hidden], [type=checkbox])")]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.9)
  .map((e) => e.outerHTML.slice(0, 90))"""
REPLY = "A **reply**.\n\n```python\nprint(1)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


@pytest.fixture
def box(tmp_path):
    with small_box(tmp_path, lambda sequence: REPLY) as box:
        yield box


def test_from_the_menu_to_a_strangers_phone(box, new_context, say):
    page = new_context(**WIDE).new_page()
    page.goto(box.url)
    say(page, "Which tea?")
    box.settle()
    expect(page.locator(".reply")).to_contain_text("A reply.")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Share…").click()
    page.get_by_label("The link works for").select_option("1 day")
    page.get_by_role("button", name="Make a link").click()
    url = page.locator(".made pre").inner_text()
    assert url.startswith(f"{box.url}/shared/")
    expect(page.get_by_text("This address works on this machine only.")).to_be_visible()

    for size in (WIDE, PHONE):
        for scheme in ("light", "dark"):
            options = {**size, "color_scheme": scheme, "bypass_csp": True}
            stranger = new_context(is_signed_in=False, **options).new_page()
            stranger.goto(url)
            expect(stranger.locator(".typed .words")).to_have_text("Which tea?")
            expect(stranger.locator(".prose strong")).to_have_text("reply")
            expect(stranger.locator("textarea, nav, form:not(.languages)")).to_have_count(0)
            found = Axe().run(stranger).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
            assert stranger.evaluate("document.documentElement.scrollWidth <= innerWidth")

    owner = new_context(**PHONE, bypass_csp=True).new_page()
    for address in (
        f"{box.url}/shared-links",
        f"{page.url.rpartition('/')[0]}/sharing",
        f"{box.url}/data",
    ):
        owner.goto(address)
        assert Axe().run(owner).response["violations"] == []
        assert owner.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert owner.evaluate(SMALL) == [], address

    page.get_by_role("button", name="End the link to").click()
    expect(page.get_by_text("Nothing is shared.")).to_be_visible()
    stranger.reload()
    expect(stranger.get_by_role("heading", name="Nothing to read here")).to_be_visible()

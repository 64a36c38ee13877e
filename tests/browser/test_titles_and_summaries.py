"""Titles that come by themselves, and the summary of the earlier part."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aside_steps import RAIN, SUMMARY, TITLE, Speaker
from axe_playwright_python.sync_playwright import Axe
from browser.small_box import SmallBox, small_box
from playwright.sync_api import BrowserContext, Page, expect

BESIDE = {"titles": True, "summaries": True}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
WIDE = {"viewport": {"width": 1280, "height": 800}}
NewContext = Callable[..., BrowserContext]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SmallBox]:
    with small_box(tmp_path, Speaker(), context_tokens=1200, assistant=BESIDE) as box:
        yield box


@pytest.fixture
def say(say: Callable[[Page, str], None], box: SmallBox) -> Callable[[Page, int], None]:
    """So many messages, each sent when what followed from the one before is done."""

    def say_often(page: Page, times: int) -> None:
        for _ in range(times):
            count = page.locator(".reply").count()
            say(page, RAIN)
            expect(page.locator(".reply .after")).to_have_count(count + 1)
            box.settle()

    return say_often


def test_a_title_comes_without_a_reload(
    box: SmallBox, page: Page, say: Callable[[Page, int], None]
) -> None:
    page.goto(box.url)
    say(page, 1)
    expect(page.locator("#title")).to_have_text(TITLE, timeout=30_000)
    expect(page.locator("#conversations").get_by_role("link")).to_have_text(TITLE)
    expect(page).to_have_title(TITLE)
    page.get_by_role("button", name=re.compile(TITLE)).click()
    expect(page.get_by_role("textbox", name="Title of this")).to_have_value(TITLE)


def test_the_earlier_part_is_told_and_changed(
    box: SmallBox, page: Page, say: Callable[[Page, int], None]
) -> None:
    page.goto(box.url)
    say(page, 14)
    said = page.locator(".reply").last.locator(".ended")
    expect(said).to_contain_text(re.compile(r"The oldest \d+ messages .* are read as a summary"))
    page.reload()
    fold = page.locator("details.summary")
    expect(fold.get_by_text(SUMMARY)).to_be_hidden()
    fold.get_by_text("Summary of the earlier part").click()
    expect(fold.get_by_text(SUMMARY)).to_be_visible()
    # What is news elsewhere on the page does not close what the reader has opened.
    say(page, 1)
    expect(fold.get_by_text(SUMMARY)).to_be_visible()
    said.last.get_by_role("link", name="Read it").click()
    field = page.get_by_label("What the model reads once these messages no longer fit")
    expect(field).to_have_value(re.compile(SUMMARY))
    field.fill("My own words.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Written by you")).to_be_visible()
    page.get_by_role("link", name="Back to the conversation").click()
    page.locator("details.summary summary").click()
    expect(page.locator("details.summary").get_by_text("My own words.")).to_be_visible()


def test_all_of_it_works_without_scripts(
    box: SmallBox, page: Page, new_context: NewContext, say: Callable[[Page, int], None]
) -> None:
    page.goto(box.url)
    say(page, 14)
    address = page.url
    plain = new_context(java_script_enabled=False).new_page()
    plain.goto(address)
    plain.locator("details.summary summary").click()
    expect(plain.locator("details.summary").get_by_text(SUMMARY)).to_be_visible()
    plain.get_by_role("link", name="Change it").click()
    plain.get_by_role("button", name="Delete").click()
    expect(plain.get_by_text("Deleted by you: not read any more")).to_be_visible()
    plain.get_by_role("button", name="Write it anew").click()
    field = plain.get_by_label("What the model reads once these messages no longer fit")
    expect(field).to_have_value(re.compile(SUMMARY))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_to_complain_of(
    box: SmallBox,
    tmp_path: Path,
    new_context: NewContext,
    say: Callable[[Page, int], None],
    size: dict[str, object],
    scheme: str,
) -> None:
    page = new_context(**size, color_scheme=scheme, bypass_csp=True).new_page()
    page.emulate_media(reduced_motion="reduce")
    page.goto(box.url)
    say(page, 14)
    page.reload()
    page.locator("details.summary summary").click()
    page.screenshot(path=tmp_path / "fold.png")
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("link", name="Change it").click()
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    page.screenshot(path=tmp_path / "own page.png")
    assert Axe().run(page).response["violations"] == []
    if size is PHONE:
        heights = page.locator("button, .button").evaluate_all(
            "all => all.map((each) => each.getBoundingClientRect().height)"
        )
        assert min(heights) >= 44
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0

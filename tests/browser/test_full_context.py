"""A conversation that no longer fits, on a box whose model holds very little."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser.small_box import small_box
from playwright.sync_api import Page, expect

RAIN = "It rained all day, and so we stayed at home and read. "


@pytest.fixture
def talk(page: Page, say: Callable[[Page, str], None]) -> Callable[[str, int], None]:
    def talk(words: str, times: int) -> None:
        for _ in range(times):
            count = page.locator(".reply").count()
            say(page, words)
            expect(page.locator(".reply .after")).to_have_count(count + 1)

    return talk


def test_a_conversation_that_goes_on_says_what_was_not_read(
    tmp_path: Path, page: Page, talk: Callable[[str, int], None]
) -> None:
    with small_box(tmp_path, lambda sequence: "So it did.") as box:
        page.goto(box.url)
        talk(RAIN, 3)
        expect(page.get_by_text("not read")).to_have_count(0)
        talk(RAIN, 3)
        said = page.locator(".reply").last.locator(".ended")
        expect(said).to_have_text(
            "The oldest 4 messages of this conversation no longer fit and were not read."
        )
        page.reload()
        expect(said).to_be_visible()


def test_a_full_conversation_takes_no_more_and_keeps_what_was_written(
    tmp_path: Path, page: Page, talk: Callable[[str, int], None], say: Callable[[Page, str], None]
) -> None:
    with small_box(tmp_path, lambda sequence: "So it did.", limits={"context_full": "stop"}) as box:
        page.goto(box.url)
        talk(RAIN, 4)
        say(page, RAIN * 2)
        alert = page.locator("#notice").get_by_role("alert")
        expect(alert).to_contain_text("This conversation is full")
        assert page.get_by_label("Your message").input_value() == RAIN * 2
        expect(page.locator(".typed")).to_have_count(4)
        page.reload()
        expect(page.get_by_label("Your message")).to_have_value(RAIN * 2)
        # As the sentence says: a new conversation has room for them.
        page.get_by_role("link", name="New conversation").click()
        page.get_by_label("Your message").fill(RAIN * 2)
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".reply .prose")).to_have_text("So it did.")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"reply_tokens": 30}, "The reply reached its length limit."),
        ({}, "The reply reached the end of what the model can hold at once."),
        ({"context_full": "stop"}, "and this conversation is full. Begin a new one to go on."),
    ],
)
def test_a_reply_that_was_cut_says_by_what(
    tmp_path: Path,
    page: Page,
    talk: Callable[[str, int], None],
    limits: dict[str, Any],
    words: str,
) -> None:
    with small_box(tmp_path, lambda sequence: "And so on. " * 60, limits=limits) as box:
        page.goto(box.url)
        talk("Tell me everything.", 1)
        expect(page.locator(".ended")).to_contain_text(words)

"""The real box is killed in the middle of a reply while its page is open."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from appliance_process import ApplianceProcess
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.model

LONG = "Write a very long story about a lighthouse, with many chapters."
MARK = "e => { e.ownerDocument.defaultView.neverReloaded = true }"


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[ApplianceProcess]:
    """A box that somebody starts again whenever it ends, as systemd does."""
    is_over = threading.Event()

    def supervise() -> None:
        while not is_over.is_set():
            box.wait_end()
            if not is_over.is_set():
                box.start_again()

    with ApplianceProcess(tmp_path / "data", APPLIANCE_LIMITS__REPLY_TOKENS="300") as box:
        box.wait_ready()
        supervisor = threading.Thread(target=supervise)
        supervisor.start()
        yield box
        is_over.set()
        box.let_die()
        supervisor.join()


def prose(page: Page) -> str:
    return page.locator(".prose").inner_text()


def test_the_open_page_shows_the_rest_without_a_reload(
    supervised: ApplianceProcess, page: Page, say: Callable[[Page, str], None]
) -> None:
    page.goto(supervised.url)
    say(page, LONG)
    reply = page.locator(".reply")
    element_id = reply.get_attribute("id")
    reply.evaluate(MARK)
    expect(page.locator(".prose")).to_have_text(re.compile(r"\w.{200}", re.S), timeout=30_000)
    supervised.let_die()
    expect(page.locator("#connection")).to_contain_text("The box is away; your message is safe.")
    assert len(prose(page)) > 200
    expect(page.locator("#connection")).to_have_text("", timeout=30_000)
    expect(page.locator(".reply .after")).to_be_attached(timeout=60_000)
    expect(page.locator(".message")).to_have_count(2)
    assert reply.get_attribute("id") == element_id
    assert page.evaluate("() => neverReloaded")
    shown = prose(page)
    ((stored, status),) = supervised.stored(
        "SELECT content, status FROM turns JOIN messages ON message_key = reply_message_key"
    )
    assert status == "finished"
    page.reload()
    assert prose(page) == shown
    assert letters(shown) == letters(stored)


def letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))

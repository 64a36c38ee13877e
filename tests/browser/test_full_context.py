"""A conversation that no longer fits, on a box whose model holds very little."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fakes import ScriptedBackend
from playwright.sync_api import Page, expect

from appliance.app import create_app
from appliance.lifespan import open_box
from appliance.settings import Settings

RAIN = "It rained all day, and so we stayed at home and read. "


@contextmanager
def small_box(data_dir: Path, reply: str, **sections: Any) -> Iterator[str]:
    """The address of a whole box but for its model, which reads one character a token."""
    config = uvicorn.Config("", host="127.0.0.1", port=0, log_level="error", lifespan="off")
    socket = config.bind_socket()
    socket.listen()  # who comes before the box is ready waits for it
    port = socket.getsockname()[1]
    server = uvicorn.Server(config)

    async def serve() -> None:
        beside = sections.pop("assistant", {"titles": False, "summaries": False})
        settings = Settings(
            data_dir=data_dir, hot={"embedded": False}, assistant=beside, **sections
        )
        backend = ScriptedBackend(lambda sequence: reply, context_tokens=500)
        async with open_box(settings, lambda: backend) as box:
            await box.generations.wait_ready()
            config.app = create_app(box, port)
            await server.serve([socket])

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        socket.close()


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
    with small_box(tmp_path, "So it did.") as url:
        page.goto(url)
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
    with small_box(tmp_path, "So it did.", limits={"context_full": "stop"}) as url:
        page.goto(url)
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
        ({"reply_tokens": 30}, "The reply reached its length limit. Write “go on”"),
        ({}, "The reply reached the end of what the model can hold at once. Write “go on”"),
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
    with small_box(tmp_path, "And so on. " * 60, limits=limits) as url:
        page.goto(url)
        talk("Tell me everything.", 1)
        expect(page.locator(".ended")).to_contain_text(words)

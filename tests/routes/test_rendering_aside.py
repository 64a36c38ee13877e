"""A page that takes long to render keeps nobody else waiting."""

import asyncio
import threading
from pathlib import Path

import pytest
from conversation_steps import InTurn
from whole_box import HTMX, open_page

from appliance.routes import message_views


async def test_others_are_served_while_a_long_page_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    blocks = message_views._blocks

    def slow_blocks(text: str, *, is_final: bool = True) -> object:
        begun.set()
        assert may_end.wait(30), "nobody was served meanwhile"
        return blocks(text, is_final=is_final)

    async with open_page(tmp_path, InTurn("Yes.")) as page:
        started = await page.exchange("A long page?")
        path = f"/conversations/{started.conversation.conversation_id}"
        monkeypatch.setattr(message_views, "_blocks", slow_blocks)
        for query in ("", "?state=old", f"?at={started.message.message_id}"):
            begun.clear()
            may_end.clear()
            headers = HTMX if "state" in query else {}
            loading = asyncio.create_task(page.client.get(path + query, headers=headers))
            assert await asyncio.to_thread(begun.wait, 30)
            assert (await page.client.get("/healthz")).status_code == 200
            assert not loading.done()
            may_end.set()
            assert "Yes." in (await loading).text

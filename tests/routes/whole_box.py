"""The real web application over a real database; only the model is scripted."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from conversation_steps import exchange, say
from fakes import ScriptedBackend
from httpx import ASGITransport, AsyncClient, Response
from signed_in import sign_in

from appliance.app import create_app
from appliance.conversations.conversation import new_id
from appliance.conversations.opened import OpenConversation, StartedTurn
from appliance.engine.sequence import Sequence
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

HTMX = {"HX-Request": "true"}


class Page:
    """An open page of a box, and what a test does behind its back."""

    def __init__(self, box: Box, client: AsyncClient) -> None:
        self.box = box
        self.client = client

    async def exchange(self, content: str, conversation_id: str | None = None) -> StartedTurn:
        return await exchange(self.box, content, conversation_id)

    async def say(self, content: str, conversation_id: str | None = None) -> StartedTurn:
        return await say(self.box, content, conversation_id)

    async def opened(self, started: StartedTurn) -> OpenConversation:
        conversation_id = started.conversation.conversation_id
        return await self.box.desk.service.open_conversation(self.box.person, conversation_id)

    async def get(self, path: str, **more: Any) -> Response:
        return await self.client.get(path, **more)

    async def act(self, method: str, path: str, **form: str) -> Response:
        """As htmx does it: with the page's token, and the form where that method has it."""
        where = "params" if method in ("GET", "DELETE") else "data"
        return await self.client.request(method, path, headers=HTMX, **{where: form})

    async def edit(self, message_id: str, content: str, **form: str) -> Response:
        form = {"client_message_id": new_id(), **form}
        return await self.act("POST", f"/messages/{message_id}/edits", content=content, **form)


@asynccontextmanager
async def open_page(
    data_dir: Path, reply: Callable[[Sequence], str], gated: bool = False, **sections: Any
) -> AsyncIterator[Page]:
    """A box whose model answers with `reply`."""
    sections.setdefault("assistant", {"titles": False, "summaries": False, "facts": False})
    sections.setdefault("recall", {"enabled": False})
    settings = Settings(data_dir=data_dir, hot={"embedded": False}, **sections)
    backend = ScriptedBackend(reply, gated=gated)
    async with open_box(settings, lambda: backend) as box:
        await box.generations.wait_ready()
        cookies = await sign_in(box)
        transport = ASGITransport(create_app(box, 80))
        async with AsyncClient(
            transport=transport, base_url="http://localhost", cookies=cookies
        ) as client:
            await client.get("/")
            client.headers["x-csrf-token"] = client.cookies["csrf"]
            page = Page(box, client)
            page.backend = backend  # type: ignore[attr-defined]
            yield page
        if gated:
            backend.let(100_000)

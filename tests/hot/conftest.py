"""A real Valkey server in a directory of its own, and clients for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from valkey.asyncio import Valkey

from appliance.conversations.conversation import Message, Role, new_id
from appliance.hot.connection import Hot
from appliance.hot.server import ValkeyServer


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(tmp_path) -> AsyncIterator[ValkeyServer]:
    # The default user may not flush; an administrator exists only here.
    server = ValkeyServer(extra_settings=("user admin on >secret ~* &* +@all",))
    await server.start()
    assert server.answers.is_set()
    yield server
    await server.stop()


@pytest.fixture
async def hot(server, clock) -> AsyncIterator[Hot]:
    # Patient, because the machine may be busy; quickness is tested with a server that is gone.
    hot = Hot(server.url, timeout_seconds=10, clock=clock)
    yield hot
    await hot.close()


@pytest.fixture
def administrator(server):
    @asynccontextmanager
    async def administrator() -> AsyncIterator[Valkey]:
        client = Valkey.from_url(server.url, username="admin", password="secret")
        yield client
        await client.aclose()

    return administrator


@pytest.fixture
def chain():
    """Messages of one conversation, each under the one before."""

    def chain(count: int, conversation_id: str | None = None, after: Message | None = None):
        conversation_id = conversation_id or new_id()
        messages: list[Message] = []
        for number in range(count):
            parent = messages[-1] if messages else after
            messages.append(
                Message(
                    new_id(),
                    conversation_id,
                    parent.message_id if parent else None,
                    Role.ASSISTANT if number % 2 else Role.USER,
                    f"message {number} 안녕 🎉",
                    1000 + number,
                )
            )
        return messages

    return chain

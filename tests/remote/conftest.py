"""A box that a stub server answers for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from remote.stub_server import Answer, StubServer

from appliance.lifespan import Box, open_box
from appliance.settings import Settings

OpenStub = Callable[..., Awaitable[StubServer]]
OpenRemote = Callable[..., Awaitable[Box]]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def open_stub(stack: AsyncExitStack) -> OpenStub:
    """Starts a server that answers as told, and has one model unless told otherwise."""

    async def open_one(**answers: Answer) -> StubServer:
        paths = {"chat": "/v1/chat/completions", "models": "/v1/models", "tokenize": "/tokenize"}
        by_path = {paths[name]: answer for name, answer in answers.items()}
        return await stack.enter_async_context(StubServer(by_path))

    return open_one


@pytest.fixture
def open_remote(stack: AsyncExitStack, tmp_path: Path) -> OpenRemote:
    """Opens a box that asks the server at `url`, with these settings of its engine and, if told so,
    for something beside turns; `close_last` ends the one opened last, as a stop does.
    """

    opened: list[AsyncExitStack] = []

    async def open_one(url: str, beside: bool = False, **engine: Any) -> Box:
        settings = Settings(
            data_dir=tmp_path / "data",
            hot={"embedded": False},
            engine={"url": url, **engine},
            assistant={"titles": beside, "summaries": beside},
        )
        opened.append(await stack.enter_async_context(AsyncExitStack()))
        return await opened[-1].enter_async_context(open_box(settings))

    async def close_last() -> None:
        await opened[-1].aclose()

    open_one.close_last = close_last  # type: ignore[attr-defined]
    return open_one

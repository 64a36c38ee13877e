"""A whole box with a scripted model: real SQLite, no Valkey unless a test asks for it."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from fakes import ScriptedBackend

from appliance.lifespan import Box, open_box
from appliance.settings import Settings

NOTHING_BESIDE = {"titles": False, "summaries": False, "facts": False}
OpenBox = Callable[..., Awaitable[Box]]


@pytest.fixture
async def open_scripted(tmp_path: Path) -> AsyncIterator[OpenBox]:
    """Opens a box on the test's data directory; `close_all` ends those that are open."""
    stack = AsyncExitStack()

    async def open_one(
        backend: ScriptedBackend,
        hot: bool = False,
        load_after: threading.Event | None = None,
        load_error: Exception | None = None,
        load_with: Callable[[], Any] | None = None,
        **sections: Any,
    ) -> Box:
        def load() -> ScriptedBackend:
            assert load_after is None or load_after.wait(30)
            if load_error is not None:
                raise load_error
            return backend

        # A scripted model answers whatever it is asked; who wants that beside turns says so.
        assistant = {**NOTHING_BESIDE, **sections.pop("assistant", {})}
        sections.setdefault("recall", {"enabled": False})
        settings = Settings(
            data_dir=tmp_path / "data", hot={"embedded": hot}, assistant=assistant, **sections
        )
        box = await stack.enter_async_context(open_box(settings, load_with or load))
        if backend._gate is not None:
            stack.callback(backend.let, 100_000)
        return box

    open_one.close_all = stack.aclose  # type: ignore[attr-defined]
    yield open_one
    await stack.aclose()


@pytest.fixture
async def box(open_scripted: OpenBox) -> Box:
    box = await open_scripted(ScriptedBackend(lambda sequence: "A short reply."))
    await box.generations.wait_ready()
    return box

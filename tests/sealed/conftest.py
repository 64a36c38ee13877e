"""A box with a scripted model, and somebody in it who may seal their account."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from fakes import ScriptedBackend
from sealing import CHEAP, Dweller
from signed_in import cheap_passwords

from appliance.lifespan import Box, open_box
from appliance.settings import Settings

OpenBox = Callable[..., Awaitable[Box]]


@pytest.fixture
async def open_sealed_box(tmp_path: Path) -> AsyncIterator[OpenBox]:
    """Opens a box on the test's data, where no password costs anything; `close` ends it."""
    stack = AsyncExitStack()

    async def open_one(backend: ScriptedBackend | None = None, hot: bool = False) -> Box:
        settings = Settings(
            data_dir=tmp_path / "data",
            hot={"embedded": hot},
            assistant={"titles": False, "summaries": False, "facts": False},
            server={"names": ["box.test"]},
        )
        model = backend or ScriptedBackend(lambda sequence: "A short reply.")
        opening = open_box(settings, lambda: model, cheap_passwords(), CHEAP)
        box = await stack.enter_async_context(opening)
        if model._gate is not None:
            stack.callback(model.let, 100_000)
        await box.generations.wait_ready()
        return box

    open_one.close = stack.aclose  # type: ignore[attr-defined]
    yield open_one
    await stack.aclose()


@pytest.fixture
async def box(open_sealed_box: OpenBox) -> Box:
    return await open_sealed_box()


@pytest.fixture
async def me(box: Box) -> Dweller:
    return await Dweller(box).move_in()

"""A whole box with a scripted model, and people to fill it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import ScriptedBackend

from appliance.conversations.conversation import Person
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

OpenBox = Callable[..., Awaitable[Box]]


@pytest.fixture
async def open_scripted(tmp_path: Path) -> AsyncIterator[OpenBox]:
    """Opens a box on a data directory of that name, without Valkey unless a test asks for it."""
    async with AsyncExitStack() as stack:

        async def open_one(
            name: str = "data",
            backend: ScriptedBackend | None = None,
            hot: bool = False,
            **sections: Any,
        ) -> Box:
            model = backend or ScriptedBackend(lambda sequence: "A short reply.")
            settings = Settings(
                recall={"enabled": False},
                data_dir=tmp_path / name,
                hot={"embedded": hot},
                assistant={"titles": False, "summaries": False, "facts": False},
                **sections,
            )
            box = await stack.enter_async_context(open_box(settings, lambda: model))
            if model._gate is not None:
                stack.callback(model.let, 100_000)
            return box

        yield open_one


@pytest.fixture
async def box(open_scripted: OpenBox) -> Box:
    return await open_scripted()


@pytest.fixture
async def eve(box: Box) -> Person:
    """Somebody else on the same box."""
    async with box.desk.database.write() as tx:
        await tx.execute(
            "INSERT INTO people (person_id, name, created_at) VALUES ('eve', 'Eve', 0)"
        )
        rows = list(await tx.execute_fetchall("SELECT max(person_key) FROM people"))
    return replace(box.person, person_key=rows[0][0], person_id="eve", name="Eve")

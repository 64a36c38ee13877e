"""What a person does in a test of conversations."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from fakes import ScriptedBackend

from appliance.conversations.conversation import Person, StartedTurn, TurnSnapshot, new_id
from appliance.lifespan import Box


async def say(
    box: Box, content: str, conversation_id: str | None = None, client_id: str | None = None
) -> StartedTurn:
    return await box.desk.service.start_turn(
        box.person,
        conversation_id=conversation_id,
        content=content,
        client_message_id=client_id or new_id(),
    )


async def follow_to_end(box: Box, turn_id: str, person: Person | None = None) -> list[TurnSnapshot]:
    return [s async for s in box.desk.service.follow_turn(person or box.person, turn_id)]


async def wait_for_text(box: Box, turn_id: str, length: int) -> TurnSnapshot:
    """The first snapshot with at least `length` characters."""
    async for snapshot in box.desk.service.follow_turn(box.person, turn_id):
        if len(snapshot.text) >= length:
            return snapshot
    raise AssertionError("the turn ended before")


async def step_until(backend: ScriptedBackend, action: Coroutine[Any, Any, Any]) -> None:
    """Let a gated model run step by step until `action` is over: it may need a step to be heard."""
    acting = asyncio.create_task(action)
    while not (await asyncio.wait({acting}, timeout=0.01))[0]:
        backend.let(1)
    acting.result()

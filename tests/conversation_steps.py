"""What a person does in a test of conversations."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from fakes import ScriptedBackend

from appliance.conversations.conversation import Person, new_id
from appliance.conversations.opened import OpenConversation, StartedTurn
from appliance.conversations.turn import TurnSnapshot
from appliance.engine.sequence import Sequence
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


def held_words(backend: ScriptedBackend) -> list[str]:
    """What each seat of a scripted KV cache holds, as text."""
    return ["".join(chr(cell.token) for cell in cells) for cells in backend.cells.values()]


class InTurn:
    """A scripted reply: each sequence gets the next of these, and the last one over and over.

    `prompts` is what each of them was given to read.
    """

    def __init__(self, *replies: str) -> None:
        self._replies = list(replies)
        self._given: dict[str, str] = {}
        self.prompts: list[str] = []

    def __call__(self, sequence: Sequence) -> str:
        if sequence.sampling.max_tokens == 0:
            return ""  # only read ahead
        if sequence.sequence_id not in self._given:
            self.prompts.append("".join(map(chr, sequence.tokens[: sequence.prompt_tokens])))
            at = min(len(self._given), len(self._replies) - 1)
            self._given[sequence.sequence_id] = self._replies[at]
        return self._given[sequence.sequence_id]


async def exchange(box: Box, content: str, conversation_id: str | None = None) -> StartedTurn:
    """A message with its finished reply."""
    started = await say(box, content, conversation_id)
    await follow_to_end(box, started.turn.turn_id)
    return started


async def opened(box: Box, started: StartedTurn) -> OpenConversation:
    """Its conversation as a page would show it."""
    conversation_id = started.conversation.conversation_id
    return await box.desk.service.open_conversation(box.person, conversation_id)


async def shown(box: Box, started: StartedTurn) -> list[str]:
    """What a page would show of its conversation."""
    return [message.content for message in (await opened(box, started)).messages]

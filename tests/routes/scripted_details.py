"""What the model saw, and a run again that does exactly what a test says."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from appliance.conversations.conversation import Person
from appliance.conversations.prompt_parts import first_words, prompt_parts
from appliance.conversations.replays import Original, Replays, ReplaySnapshot
from appliance.conversations.seen_prompt import SeenPrompt, SeenPrompts
from appliance.conversations.turn import TurnPhase
from appliance.errors import Conflict

if TYPE_CHECKING:
    from scripted_box import ScriptedService


class ScriptedSeenPrompts(SeenPrompts):
    """From the turns and messages of a scripted service."""

    def __init__(self, service: "ScriptedService") -> None:
        self._service = service

    async def of_turn(self, person: Person, turn_id: str) -> SeenPrompt:
        turn = await self._service.find_turn(person, turn_id)
        messages = self._service.messages[turn.conversation_id]
        ids = [message.message_id for message in messages]
        branch = messages[: ids.index(turn.input_message_id) + 1]
        is_todays = "system_digest" in turn.prompt_record
        words = "You are a helpful assistant." if is_todays else ""
        parts = prompt_parts(turn.prompt_record, branch, words)
        return SeenPrompt(turn, first_words(branch[-1].content), parts)


class ScriptedReplays(Replays):
    """One run after the other, each as the test tells it."""

    def __init__(self, service: "ScriptedService") -> None:
        self._service = service
        self._told: asyncio.Queue[ReplaySnapshot | Exception] = asyncio.Queue()
        self.readers = 0

    def show(self, phase: TurnPhase, text: str = "", **more: object) -> None:
        """The next snapshot of a run."""
        self._told.put_nowait(ReplaySnapshot(phase, text, **more))  # type: ignore[arg-type]

    def fail(self, error: Exception) -> None:
        self._told.put_nowait(error)

    async def until_nobody_reads(self) -> None:
        while self.readers:
            await asyncio.sleep(0.01)

    async def original(self, person: Person, turn_id: str) -> Original:
        turn = await self._service.find_turn(person, turn_id)
        if not turn.status.is_final:
            raise Conflict("This reply is still being written.")
        messages = self._service.messages[turn.conversation_id]
        (reply,) = [m for m in messages if m.message_id == turn.reply_message_id]
        return Original(turn, reply.content)

    async def run(self, person: Person, turn_id: str) -> AsyncGenerator[ReplaySnapshot, None]:
        self.readers += 1
        try:
            while True:
                told = await self._told.get()
                if isinstance(told, Exception):
                    raise told
                yield told
                if told.phase is TurnPhase.ENDED:
                    return
        finally:
            self.readers -= 1

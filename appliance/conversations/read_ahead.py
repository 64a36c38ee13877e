"""Reading a conversation before its next message comes: the first word then follows Send at once.

Only what is stored is read; of a draft nothing leaves the page.
"""

import asyncio

from appliance.conversations.conversation import Conversation, Person
from appliance.conversations.generation import Generations, Handling
from appliance.engine.sequence import Priority, SamplingParams
from appliance.errors import ApplianceError
from appliance.prompting.assembler import Assembler

_ONLY_READ = SamplingParams(max_tokens=0)


class ReadAhead:
    """At most one conversation a person is read ahead: the one that was opened last."""

    def __init__(self, generations: Generations, assembler: Assembler) -> None:
        self._generations = generations
        self._assembler = assembler
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def begin(self, person: Person, conversation: Conversation | None) -> None:
        """Read what a first message, or the next one of a conversation, will follow."""
        if (before := self._tasks.get(person.person_key)) is not None:
            before.cancel()
        task = asyncio.create_task(self._read(person, conversation), name="read-ahead")
        self._tasks[person.person_key] = task
        task.add_done_callback(lambda done: self._drop(person, done))

    async def end(self, person: Person) -> None:
        """Read no more for this person: what is read was deleted."""
        if (task := self._tasks.get(person.person_key)) is not None:
            task.cancel()
            await asyncio.wait([task])

    async def stop(self) -> None:
        """End what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _drop(self, person: Person, done: "asyncio.Task[None]") -> None:
        if self._tasks.get(person.person_key) is done:
            del self._tasks[person.person_key]

    async def _read(self, person: Person, conversation: Conversation | None) -> None:
        conversation_id, leaf_id = None, None
        if conversation is not None:
            conversation_id, leaf_id = conversation.conversation_id, conversation.leaf_id
        try:
            async with self._generations.using_model():
                await self._read_with_model(person, conversation_id, leaf_id)
        except ApplianceError:
            return  # whatever it is, the turn itself says so to whoever sends one

    async def _read_with_model(
        self, person: Person, conversation_id: str | None, leaf_id: str | None
    ) -> None:
        prompt = await self._assembler.ahead(person, conversation_id, leaf_id)
        if not prompt.tokens:
            return
        async with self._generations.begin(
            person.person_id,
            prompt.tokens,
            _ONLY_READ,
            Handling(prompt.public_tokens, conversation_id, Priority.BACKGROUND),
        ) as generation:
            async for _ in generation:
                pass

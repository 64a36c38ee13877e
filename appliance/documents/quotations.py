"""Prompts have quoted from documents: what is left of that when a document goes."""

from collections.abc import Awaitable, Callable

from appliance.store import prompt_records
from appliance.store.database import Database

Forget = Callable[[str, str], Awaitable[int]]
"""Lets go of what is computed of a person's (`person_id`) words in one conversation; how many
states held them. Raises EngineError when something is left."""


class Quotations:
    """Which conversations quoted a document stands in the records of their turns."""

    def __init__(self, database: Database, forget: Forget) -> None:
        self._database = database
        self._forget = forget

    async def forget(self, owner_key: int, document_id: str) -> int:
        """Let go of it in the KV cache and its snapshots: of everybody's, whoever was told of
        it. How many states held it. Raises EngineError.
        """
        async with self._database.read() as reader:
            found = await prompt_records.quoting(reader, owner_key, document_id)
        states = 0
        for person_id, conversation_id in found:
            states += await self._forget(person_id, conversation_id)
        return states

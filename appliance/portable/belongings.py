"""All that the box keeps of one person: how much it is, and its end.

Deleting takes the rows, the write-ahead log, what Valkey holds, and the KV cache with its states.
It goes conversation by conversation, so that others are not kept waiting; when it breaks off, what
is gone is gone, and doing it again goes on.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from appliance.conversations.conversation import Person
from appliance.conversations.deleted import DeleteReceipt, Holdings
from appliance.errors import InvalidInput
from appliance.hot.recent_window import RecentWindow
from appliance.hot.token_stream import TokenStream
from appliance.sentences import say
from appliance.store import conversations, holdings, seals, whole_conversations
from appliance.store.database import Database

BATCH = 50
"""Conversations that go in one commit, and entries of Valkey in one command."""

CONFIRMATION = say("delete everything")
_NOT_CONFIRMED = say(
    "Nothing was deleted. To delete everything, type the words: %(words)s", words=CONFIRMATION
)
_SEALED = say(
    "This account is sealed, so nothing is done with it from the command line. Sign in on the "
    'page, and use "Your data" there.'
)

log = structlog.get_logger(__name__)


class Writing(Protocol):
    """Whatever writes for a person, or holds their words to write faster."""

    async def stop_all(self, person: Person) -> None:
        """Stop every reply that is being written for them."""

    async def forget_words(self, person: Person) -> int:
        """Let go of their words in the KV cache and on disk; how many states held them."""
        ...


class Ends(Protocol):
    """Something that goes on in the background for a person."""

    async def end(self, person: Person) -> object:
        """Go on no more."""


class Belongings:
    """What a person has here. Holds no state."""

    def __init__(
        self,
        database: Database,
        window: RecentWindow,
        token_stream: TokenStream,
        writing: Writing,
        *background: Ends,
    ) -> None:
        self._database = database
        self._window = window
        self._token_stream = token_stream
        self._writing = writing
        self._background = background

    async def count(self, person: Person) -> Holdings:
        """How much there is."""
        async with self._database.read() as reader:
            return await holdings.count(reader, person.person_key)

    async def ensure_not_sealed(self, person: Person) -> None:
        """For whoever cannot show that they are this person. Raises InvalidInput."""
        async with self._database.read() as reader:
            if await seals.find(reader, person.person_key) is not None:
                raise InvalidInput(_SEALED)

    async def delete_all(self, person: Person, confirmation: str) -> DeleteReceipt:
        """Delete all conversations and whatever else is kept of this person, who stays.

        Raises InvalidInput unless the words of confirmation are right, StoreError, EngineError.
        """
        if " ".join(confirmation.split()).casefold() != CONFIRMATION:
            raise InvalidInput(_NOT_CONFIRMED)
        return await self.end_all_of(person)

    async def end_all_of(self, person: Person) -> DeleteReceipt:
        """The same for whoever has asked already. Raises StoreError, EngineError."""
        held = await self.count(person)
        for each in self._background:
            await each.end(person)
        await self._writing.stop_all(person)
        receipt = DeleteReceipt(0, 0, 0, documents=held.documents)
        gone_ids: list[str] = []
        gone_turn_ids: list[str] = []
        while True:
            batch, ids, turn_ids = await self._delete_some(person)
            if not ids:
                break
            receipt += batch
            gone_ids += ids
            gone_turn_ids += turn_ids
        # What began meanwhile has lost its conversation; after it nobody brings its words back.
        await self._writing.stop_all(person)
        async with self._database.write() as tx:
            await holdings.erase(tx, person.person_key)
        if not await self._database.truncate_wal():
            log.warning("deleted text goes with the next checkpoint: somebody was reading")
        hot_entries = await self._forget_hot(gone_ids, gone_turn_ids)
        kv_states = await self._writing.forget_words(person)
        log.info("everything deleted", conversations=receipt.conversations)
        return replace(receipt, hot_entries=hot_entries, kv_states=kv_states)

    async def forget_copies(self, person: Person) -> int:
        """Let go of the words that are held beside their rows: in Valkey, in the KV cache and among
        its states on the disk; how many entries and states held them. Raises EngineError.
        """
        async with self._database.read() as reader:
            ids = await whole_conversations.ids(reader, person.person_key)
            turn_ids = await holdings.all_turn_ids(reader, person.person_key)
        entries = await self._forget_hot(ids, turn_ids)
        return entries + await self._writing.forget_words(person)

    async def _delete_some(
        self, person: Person
    ) -> tuple[DeleteReceipt, Sequence[str], Sequence[str]]:
        receipt = DeleteReceipt(0, 0, 0)
        turn_ids: list[str] = []
        async with self._database.write() as tx:
            ids = await whole_conversations.ids(tx, person.person_key, BATCH)
            for conversation_id in ids:
                turn_ids += await holdings.turn_ids(tx, person.person_key, conversation_id)
                receipt += await conversations.delete(tx, person.person_key, conversation_id)
        return receipt, ids, turn_ids

    async def _forget_hot(self, ids: Sequence[str], turn_ids: Sequence[str]) -> int:
        entries = 0
        for conversation_id in ids:
            entries += await self._window.forget(conversation_id)
        for start in range(0, len(turn_ids), BATCH):
            entries += await self._token_stream.forget(*turn_ids[start : start + BATCH])
        return entries

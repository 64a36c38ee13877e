"""Conversations of which nothing is ever written to disk: how they begin, and how they end.

They live in a database of their own in memory and end by themselves; with the process all do.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress

import structlog
from aiosqlite import Connection

from appliance.conversations.beginnings import Beginnings
from appliance.conversations.conversation import (
    TEMPORARY,
    Conversation,
    Person,
    names_temporary,
    new_id,
)
from appliance.conversations.lifetimes import Lifetime, Lifetimes
from appliance.conversations.service import ConversationService
from appliance.errors import ApplianceError, Conflict, InvalidInput, NotFound
from appliance.sentences import say
from appliance.store import conversations, messages, people, turns
from appliance.store.database import Database

TITLE = say("Temporary conversation")
GONE = say(
    "This temporary conversation is gone. Each one ends a minute after its last page was closed, "
    "after an hour without use, and when the box starts again. Begin another one to go on."
)
MOST_A_PERSON = 8
LOOK_SECONDS = 5.0

_TOO_MANY = say(
    "You have %(count)s temporary conversations open already. Delete one of them, or close "
    "its page and wait a minute; then send this again.",
    count=MOST_A_PERSON,
)
_PAGE_ID = re.compile("[0-9a-f]{32}")

log = structlog.get_logger(__name__)


class TemporaryBeginnings(Beginnings):
    """Of temporary conversations: an id that says so, and a title without any word of theirs."""

    def __init__(self, lifetimes: Lifetimes) -> None:
        self._lifetimes = lifetimes

    async def begin(self, tx: Connection, person: Person, content: str, now: int) -> Conversation:
        """Raises Conflict when this person has too many."""
        await self._check_count(tx, person)
        await people.remember(tx, person)
        conversation = Conversation(TEMPORARY + new_id(), str(TITLE), now, now)
        await conversations.insert(tx, person.person_key, conversation)
        self._lifetimes.begin(person, conversation.conversation_id)
        return conversation

    async def _check_count(self, tx: Connection, person: Person) -> None:
        for conversation_id in self._lifetimes.of(person):
            # Deleted by hand, or its first message could not be stored.
            if await conversations.find(tx, person.person_key, conversation_id) is None:
                self._lifetimes.end(conversation_id)
        if len(self._lifetimes.of(person)) >= MOST_A_PERSON:
            raise Conflict(_TOO_MANY)


class TemporaryConversations:
    """Finds them for a request, and ends those whose time is over."""

    def __init__(
        self, database: Database, service: ConversationService, lifetimes: Lifetimes
    ) -> None:
        self._database = database
        self._service = service
        self._lifetimes = lifetimes

    async def named_by(self, person: Person, ids: Mapping[str, str]) -> str | None:
        """The temporary conversation that the ids of a request mean, which may be a turn's or a
        message's; None when another one is meant, or none. It may be gone.
        """
        if conversation_id := ids.get("conversation_id"):
            return conversation_id if names_temporary(conversation_id) else None
        if not self._lifetimes.of(person):
            return None
        async with self._database.read() as reader:
            if turn_id := ids.get("turn_id"):
                turn = await turns.find(reader, person.person_key, turn_id)
                return turn.conversation_id if turn else None
            if message_id := ids.get("message_id"):
                message = await messages.find(reader, person.person_key, message_id)
                return message.conversation_id if message else None
        return None

    async def see(self, person: Person, conversation_id: str, *, is_use: bool) -> bool:
        """A request for it came; whether it is still there, for this person."""
        async with self._database.read() as reader:
            found = await conversations.find(reader, person.person_key, conversation_id)
        if found is not None:
            self._lifetimes.see(conversation_id, is_use=is_use)
        return found is not None

    def open_page(self, person: Person, conversation_id: str, page_id: str) -> None:
        """A page shows it: it stays until that page is closed. Raises NotFound, InvalidInput."""
        self._check_page(person, conversation_id, page_id)
        self._lifetimes.open_page(conversation_id, page_id)

    def close_page(self, person: Person, conversation_id: str, page_id: str) -> None:
        """That page is about to go. Raises NotFound, InvalidInput."""
        self._check_page(person, conversation_id, page_id)
        self._lifetimes.close_page(conversation_id, page_id)

    async def end_in_time(self) -> None:
        """Look again and again for those whose time is over, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.end_those_over()

    async def end_those_over(self) -> None:
        """Delete them with all that there is of them; one that cannot be is tried again."""
        for conversation_id, life in self._lifetimes.over():
            try:
                if await self._may_end(conversation_id, life):
                    await self._end(life.person, conversation_id)
            except ApplianceError as error:
                log.warning("a temporary conversation could not be ended", error=str(error))

    async def end(self, person: Person) -> int:
        """End all that a person has open; returns how many there were."""
        mine = self._lifetimes.of(person)
        for conversation_id in mine:
            await self._end(person, conversation_id)
        return len(mine)

    async def _end(self, person: Person, conversation_id: str) -> None:
        with suppress(NotFound):  # deleted by hand, or its first message could not be stored
            await self._service.delete_conversation(person, conversation_id)
            log.info("a temporary conversation has ended")
        self._lifetimes.end(conversation_id)

    async def _may_end(self, conversation_id: str, life: Lifetime) -> bool:
        """A reply that somebody waits for is use enough, however long it takes."""
        if life.is_left(self._lifetimes.clock()):
            return True
        async with self._database.read() as reader:
            key = life.person.person_key
            running = await turns.running_in(reader, key, conversation_id)
        return running is None and life.is_unused(self._lifetimes.clock())

    def _check_page(self, person: Person, conversation_id: str, page_id: str) -> None:
        if conversation_id not in self._lifetimes.of(person):
            raise NotFound(GONE)
        if not _PAGE_ID.fullmatch(page_id):
            raise InvalidInput(say("The page has no valid id. Reload it."))

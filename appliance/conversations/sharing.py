"""Letting others read a conversation: a copy of it as it is, behind a link that nobody can guess.

What is said later is not in the copy. The link is shown once and kept only as a hash; 128 random
bits need no slow one. It ends with its time, by its owner's hand, and with the conversation or any
of the messages that it shows.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from time import time

import structlog

from appliance.conversations.conversation import Conversation, Person, names_temporary, new_id
from appliance.conversations.finding import find_conversation, find_idle
from appliance.conversations.shared_link import SharedLink, SharedPage
from appliance.errors import Conflict, InvalidInput, NotFound, StoreError
from appliance.sentences import say
from appliance.store import seals, shared_links
from appliance.store.database import Database

CHOICES_OF_DAYS = (1, 7, 30)
USUAL_DAYS = 7
MOST_A_PERSON = 100
PAGE_LENGTH = 50
LOOK_SECONDS = 3600
_DAY_SECONDS = 86_400

GONE = say("There is nothing to read here: the link has ended, or was not copied in full.")
_TEMPORARY = say("A temporary conversation is on no disk, so it cannot be shared.")
_SEALED = say(
    "Your account is sealed, and a shared copy would not be: it could be read by whoever has the "
    "link. Nothing was shared."
)
_EMPTY = say("There is nothing in this conversation yet that could be shared.")
_WHEN = say("Choose for how long the link shall work: 1, 7 or 30 days.")
_TOO_MANY = say(
    "You have %(count)s shared links already. End one of them first.", count=MOST_A_PERSON
)
_NO_LINK = say("There is no such link. It may have ended by itself.")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that was just made; its `secret` is told here and never again."""

    link: SharedLink
    secret: str


class Sharing:
    """One object a process; holds no state of its own. `clock` tells Unix seconds."""

    def __init__(self, database: Database, clock: Callable[[], float] = time) -> None:
        self._database = database
        self._clock = clock

    async def share(
        self,
        person: Person,
        conversation_id: str,
        days: int,
        *,
        shows_name: bool = False,
    ) -> NewLink:
        """Copy the branch that is read, for whoever is given the link.

        Raises InvalidInput, NotFound, Conflict while a reply is being written, StoreError.
        """
        _refuse_temporary(conversation_id)
        now, secret = int(self._clock()), secrets.token_hex(16)
        expires_at = now + days * _DAY_SECONDS
        async with self._database.write() as tx:
            if await seals.find(tx, person.person_key) is not None:
                raise InvalidInput(_SEALED)
            found = await find_idle(tx, person, conversation_id)
            if await shared_links.count(tx, person.person_key, now) >= MOST_A_PERSON:
                raise Conflict(_TOO_MANY)
            link = SharedLink(new_id(), conversation_id, found.title, now, expires_at, shows_name)
            copied = await shared_links.insert(tx, person.person_key, link, _hash(secret))
            if not copied:
                raise InvalidInput(_EMPTY)
        return NewLink(replace(link, message_count=copied), secret)

    async def list_all(self, person: Person) -> tuple[SharedLink, ...]:
        """Every link of this person that can be read, newest first."""
        async with self._database.read() as reader:
            return await shared_links.list_all(reader, person.person_key, int(self._clock()))

    async def of_conversation(
        self, person: Person, conversation_id: str
    ) -> tuple[Conversation, tuple[SharedLink, ...]]:
        """A conversation and the links to it. Raises NotFound, InvalidInput."""
        _refuse_temporary(conversation_id)
        now = int(self._clock())
        async with self._database.read() as reader:
            found = await find_conversation(reader, person, conversation_id)
            links = await shared_links.of_conversation(
                reader, person.person_key, conversation_id, now
            )
        return found, links

    async def end(self, person: Person, link_id: str) -> None:
        """End a link and delete the copy behind it. Raises NotFound."""
        async with self._database.write() as tx:
            if not await shared_links.delete(tx, person.person_key, link_id):
                raise NotFound(_NO_LINK)
        await self._database.truncate_wal()

    async def read(self, secret: str, number: int = 1) -> SharedPage:
        """What a reader is shown; the first page counts as a view.

        Raises NotFound, in the same way and after the same query for a link that is wrong, has
        ended or never was.
        """
        secret_hash = _hash(secret)
        async with self._database.read() as reader:
            page = await shared_links.open_page(
                reader, secret_hash, int(self._clock()), number, PAGE_LENGTH
            )
        if page is None:
            raise NotFound(GONE)
        if number == 1:
            with suppress(StoreError):  # a full disk is no reason not to be read
                async with self._database.write() as tx:
                    await shared_links.count_view(tx, secret_hash)
        return page

    async def end_expired(self) -> int:
        """Delete the copies that nobody can read any more; how many links there were."""
        now = int(self._clock())
        async with self._database.read() as reader:
            if not await shared_links.has_expired(reader, now):
                return 0
        async with self._database.write() as tx:
            ended = await shared_links.delete_expired(tx, now)
        await self._database.truncate_wal()
        log.info("shared links have expired", links=ended)
        return ended

    async def end_in_time(self) -> None:
        """Do that at once and then every hour, until cancelled."""
        while True:
            try:
                await self.end_expired()
            except StoreError as error:
                log.warning("expired links could not be deleted", error=str(error))
            await asyncio.sleep(LOOK_SECONDS)


def days_of(choice: str) -> int:
    """The days that were chosen. Raises InvalidInput for what is no choice."""
    if choice not in map(str, CHOICES_OF_DAYS):
        raise InvalidInput(_WHEN)
    return int(choice)


def _hash(secret: str) -> bytes:
    return sha256(secret.encode(errors="replace")).digest()


def _refuse_temporary(conversation_id: str) -> None:
    if names_temporary(conversation_id):
        raise InvalidInput(_TEMPORARY)

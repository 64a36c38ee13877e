"""Documents as people use them: put in, looked at, taken along, deleted.

What is put in is on the disk when `receiving` ends, and is read afterwards, whatever becomes of the
page or the box. A document that is for everybody belongs to nobody, and admins look after it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import time
from typing import BinaryIO

import structlog
from aiosqlite import Connection

from appliance.conversations.accepting import title_of
from appliance.conversations.conversation import (
    Conversation,
    Person,
    TitledBy,
    names_temporary,
    new_id,
)
from appliance.documents.arrival import Arrival
from appliance.documents.block import Passage
from appliance.documents.document import Document, NumberedPassage, OpenDocument, Place
from appliance.documents.file_name import shown_name
from appliance.documents.files import DocumentFiles
from appliance.documents.quotations import Quotations
from appliance.errors import InvalidInput, NotAllowed, NotFound
from appliance.sentences import say
from appliance.store import chunks, conversations, document_states, documents, seals
from appliance.store.chunks import EVERYBODY
from appliance.store.database import Database

PASSAGES_A_PAGE = 60

_NO_DOCUMENT = say(
    "There is no such document. It may have been deleted, or another of its name took its place."
)
_NOT_YOURS = say("This document is there for everybody. Ask whoever looks after the box.")
_SEALED = say(
    "Your account is sealed, and the box cannot keep files sealed yet, so nothing was taken in. "
    "What is there for everybody can be used all the same."
)
_TEMPORARY = say(
    "A temporary conversation leaves nothing on the disk, so it takes no documents. Begin one that "
    "is kept."
)
_BROKEN_OFF = say("The file did not come whole. Send it again.")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """In bytes: of one file, and of all that are one person's."""

    file_bytes: int
    person_bytes: int


class Library:
    """`tell` is called when there is something to read."""

    def __init__(
        self,
        database: Database,
        files: DocumentFiles,
        limits: DocumentLimits,
        quotations: Quotations,
        tell: Callable[[], None],
    ) -> None:
        self._database = database
        self._files = files
        self._quotations = quotations
        self.limits = limits
        self._tell = tell
        self._arrivals: dict[str, Arrival] = {}

    def place(
        self,
        person: Person,
        conversation_id: str = "",
        *,
        for_everybody: bool = False,
        is_admin: bool = False,
    ) -> Place:
        """Where somebody wants a document. Raises InvalidInput, NotAllowed."""
        if for_everybody:
            if not is_admin:
                raise NotAllowed(_NOT_YOURS)
            return Place(EVERYBODY)
        if names_temporary(conversation_id):
            raise InvalidInput(_TEMPORARY)
        return Place(person.person_key, conversation_id or None)

    @asynccontextmanager
    async def receiving(
        self, place: Place, file_name: str, total_bytes: int, folder: tuple[str, str] = ("", "")
    ) -> AsyncIterator[Arrival]:
        """A file that comes while the block runs; after it, it is read in the background.

        What is wrong with the file stands at the document then. Raises StoreError, InvalidInput and
        NotFound for what is wrong with the place.
        """
        document_id = new_id()
        async with self._database.write() as tx:
            if await seals.find(tx, place.owner_key) is not None:
                raise InvalidInput(_SEALED)
            left = await self._bytes_left(tx, place)
            name = shown_name(file_name)
            await documents.insert(tx, place, document_id, name, int(time()), folder)
        arrival = Arrival(
            lambda: self._files.incoming(document_id, self.limits.file_bytes, left), total_bytes
        )
        self._arrivals[document_id] = arrival
        try:
            yield arrival
            why = await arrival.finish()
        except BaseException:
            await asyncio.shield(self._settle(place, document_id, arrival, _BROKEN_OFF))
            raise
        await asyncio.shield(self._settle(place, document_id, arrival, why))

    def percent_received(self, document_id: str) -> int:
        """How much of it is here. Several files share one form, so it is a guess for each."""
        found = self._arrivals.get(document_id)
        return min(100, 100 * found.size_bytes // max(1, found.total_bytes)) if found else 0

    async def begin_conversation(self, person: Person, file_name: str) -> Conversation:
        """One that begins with documents: it is called like the first of them, until a better
        title is found. Raises InvalidInput.
        """
        title, now = title_of(shown_name(file_name)), int(time())
        begun = Conversation(new_id(), title, now, now, titled_by=TitledBy.BOX)
        async with self._database.write() as tx:
            if await seals.find(tx, person.person_key) is not None:
                raise InvalidInput(_SEALED)
            await conversations.insert(tx, person.person_key, begun)
        return begun

    async def list(self, person: Person) -> tuple[Document, ...]:
        """All that this person sees, newest first."""
        async with self._database.read() as reader:
            return await documents.list_all(reader, person.person_key)

    async def of_conversation(self, person: Person, conversation_id: str) -> tuple[Document, ...]:
        """Those of one conversation of this person's. Raises NotFound."""
        if names_temporary(conversation_id):
            return ()
        async with self._database.read() as reader:
            return await documents.of_conversation(reader, person.person_key, conversation_id)

    async def find(self, person: Person, document_id: str) -> Document:
        """Raises NotFound."""
        async with self._database.read() as reader:
            found = await documents.find(reader, person.person_key, document_id)
        if found is None:
            raise NotFound(_NO_DOCUMENT)
        return found

    async def open(
        self, person: Person, document_id: str, at: int = 1, passage: int = 0
    ) -> OpenDocument:
        """One page of it: that with the passage, if one is named. Raises NotFound."""
        found = await self.find(person, document_id)
        count = max(1, -(-found.passages // PASSAGES_A_PAGE))
        wanted = (passage - 1) // PASSAGES_A_PAGE + 1 if passage else at
        at = min(max(1, wanted), count)
        owner_key = EVERYBODY if found.is_everybodys else person.person_key
        async with self._database.read() as reader:
            rows = await chunks.of_document(
                reader,
                owner_key,
                found.document_key,
                PASSAGES_A_PAGE * (at - 1),
                PASSAGES_A_PAGE,
            )
        passages = tuple(
            NumberedPassage(row.passage, Passage(row.text, row.page, row.heading)) for row in rows
        )
        return OpenDocument(found, passages, at, count)

    async def file(self, person: Person, document_id: str) -> tuple[Document, BinaryIO]:
        """The file as it came; the caller closes it. Raises NotFound."""
        found = await self.find(person, document_id)
        return found, await asyncio.to_thread(self._files.open, document_id)

    async def delete(self, person: Person, document_id: str, *, is_admin: bool = False) -> Document:
        """It goes with its file and all that was made of it. Raises NotFound, NotAllowed."""
        found = await self.find(person, document_id)
        if found.is_everybodys and not is_admin:
            raise NotAllowed(_NOT_YOURS)
        await self.delete_of(EVERYBODY if found.is_everybodys else person.person_key, document_id)
        return found

    async def delete_of(self, owner_key: int, *ids: str) -> int:
        """The same for whoever knows whose they are; how many there were. Raises StoreError,
        EngineError.
        """
        gone = 0
        for document_id in ids:
            async with self._database.write() as tx:
                gone += await documents.delete(tx, owner_key, document_id)
            await asyncio.to_thread(self._files.delete, document_id)
            await self._quotations.forget(owner_key, document_id)
        if gone:
            await self._database.truncate_wal()
        return gone

    async def end(self, person: Person) -> int:
        """All that is this person's goes; how many documents it was."""
        async with self._database.read() as reader:
            ids = await documents.ids_of(reader, person.person_key)
        return await self.delete_of(person.person_key, *ids)

    async def sweep(self) -> None:
        """Files go whose documents have gone, with their conversation say. Raises StoreError."""
        async with self._database.read() as reader:
            ids = await documents.ids_with_files(reader)
        if gone := await asyncio.to_thread(self._files.keep_only, ids):
            log.info("files of documents went", files=gone)

    async def of_folder(self) -> dict[str, dict[str, str]]:
        """What came from the watched folder: ids and stamps by path."""
        async with self._database.read() as reader:
            return {path: dict(each) for path, each in (await documents.in_folder(reader)).items()}

    async def _bytes_left(self, tx: Connection, place: Place) -> int:
        if place.owner_key == EVERYBODY:
            return 1 << 62
        _, used = await documents.count_and_bytes(tx, place.owner_key)
        return (
            self.limits.person_bytes
            - used
            - sum(each.size_bytes for each in self._arrivals.values())
        )

    async def _settle(self, place: Place, document_id: str, arrival: Arrival, why: str) -> None:
        """It waits to be read, or is refused for that reason."""
        del self._arrivals[document_id]
        arrival.close()
        async with self._database.write() as tx:
            if why:
                await document_states.set_refused(tx, place.owner_key, document_id, str(why))
                is_there = False
            else:
                is_there = await document_states.set_received(
                    tx, place.owner_key, document_id, arrival.size_bytes
                )
        if is_there:
            self._tell()
        else:
            await asyncio.to_thread(self._files.delete, document_id)

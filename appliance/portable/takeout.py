"""Taking conversations along: as JSON for machines, as Markdown for people, or both in a ZIP.

Everything is made while it is sent, a page of messages at a time: neither a long conversation nor
thousands of them are ever in memory, and a slow download holds nothing of the database.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

import msgspec

from appliance.conversations.conversation import Conversation, Person
from appliance.errors import NotFound
from appliance.portable import file_names, reading_copy
from appliance.portable.conversation_json import PAGE, ConversationJson
from appliance.portable.document import FORMAT, VERSION
from appliance.portable.zip_stream import ZipStream
from appliance.sentences import say
from appliance.store import documents, shared_links
from appliance.store import whole_conversations as whole
from appliance.store.database import Database

_NO_CONVERSATION = say("There is no such conversation. It may have been deleted.")


OpenFile = Callable[[str], BinaryIO]
PIECE_BYTES = 1 << 18


class Kind(StrEnum):
    """What a conversation is written down as."""

    MARKDOWN = "markdown"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A file that is made while it is read."""

    name: str
    media_type: str
    pieces: AsyncGenerator[bytes, None]


class Takeout:
    """Writes down what a person has. Holds no state."""

    def __init__(self, database: Database, open_file: OpenFile | None = None) -> None:
        """`open_file` gives the file of a document, by its id; without it there are none."""
        self._database = database
        self._open_file = open_file

    async def conversation(self, person: Person, conversation_id: str, kind: Kind) -> TakenFile:
        """One conversation as a file of its own. Raises NotFound."""
        outline = await self._outline(person, conversation_id)
        if outline is None:
            raise NotFound(_NO_CONVERSATION)
        stem = file_names.stem(outline.conversation.title)
        if kind is Kind.JSON:
            pieces = self._json(person, (conversation_id,))
            return TakenFile(f"{stem}.json", "application/json", pieces)
        pieces = self._markdown(person, outline.conversation)
        return TakenFile(f"{stem}.md", "text/markdown", pieces)

    async def everything(self, person: Person) -> TakenFile:
        """All conversations in one archive: `conversations.json`, and a Markdown file for each."""
        ids = await self._ids(person)
        return TakenFile("conversations.zip", "application/zip", self._archive(person, ids))

    async def all_as_json(self, person: Person) -> TakenFile:
        """All conversations in the one JSON file that import reads."""
        pieces = self._json(person, await self._ids(person))
        return TakenFile("conversations.json", "application/json", pieces)

    async def _ids(self, person: Person) -> tuple[str, ...]:
        async with self._database.read() as reader:
            return await whole.ids(reader, person.person_key)

    async def _outline(self, person: Person, conversation_id: str) -> whole.Outline | None:
        async with self._database.read() as reader:
            return await whole.outline(reader, person.person_key, conversation_id)

    async def _archive(self, person: Person, ids: Sequence[str]) -> AsyncGenerator[bytes, None]:
        archive = ZipStream()
        with archive.entry("conversations.json", 0) as entry:
            async with aclosing(self._json(person, ids)) as pieces:
                async for piece in pieces:
                    await asyncio.to_thread(entry.write, piece)  # deflating takes its time
                    yield archive.take()
        for number, conversation_id in enumerate(ids, start=1):
            outline = await self._outline(person, conversation_id)
            if outline is None:
                continue  # deleted meanwhile
            conversation = outline.conversation
            name = f"markdown/{number:05} {file_names.stem(conversation.title)}.md"
            with archive.entry(name, conversation.updated_at) as entry:
                async with aclosing(self._markdown(person, conversation)) as pieces:
                    async for piece in pieces:
                        await asyncio.to_thread(entry.write, piece)
                        yield archive.take()
        async with aclosing(self._documents(person, archive)) as pieces:
            async for piece in pieces:
                yield piece
        if links := await self._shared_links(person):
            with archive.entry("shared_links.json", 0) as entry:
                entry.write(links)
        yield archive.finish()

    async def _documents(self, person: Person, archive: ZipStream) -> AsyncGenerator[bytes, None]:
        """The files of this person's own documents, as they came."""
        if self._open_file is None:
            return
        async with self._database.read() as reader:
            found = await documents.list_all(reader, person.person_key)
        own = (each for each in reversed(found) if not each.is_everybodys)
        for number, each in enumerate(own, start=1):
            try:
                file = await asyncio.to_thread(self._open_file, each.document_id)
            except NotFound:
                continue  # deleted meanwhile, or it was refused and not kept
            name = file_names.file_name(each.name)
            with file, archive.entry(f"documents/{number:05} {name}", each.created_at) as entry:
                while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                    await asyncio.to_thread(entry.write, piece)
                    yield archive.take()

    async def _shared_links(self, person: Person) -> bytes:
        """What is shared of theirs and for how long; the links themselves are not kept."""
        async with self._database.read() as reader:
            found = await shared_links.list_all(reader, person.person_key, 0)
        return msgspec.json.format(msgspec.json.encode(found), indent=2) if found else b""

    async def _json(self, person: Person, ids: Sequence[str]) -> AsyncGenerator[bytes, None]:
        yield f'{{"format":"{FORMAT}","version":{VERSION},"conversations":['.encode()
        before = b"\n"
        for conversation_id in ids:
            outline = await self._outline(person, conversation_id)
            if outline is None:
                continue  # deleted meanwhile
            yield before
            conversation = ConversationJson(self._database, person.person_key, outline)
            async for piece in conversation.pieces():
                yield piece
            before = b",\n"
        yield b"\n]}\n"

    async def _markdown(
        self, person: Person, conversation: Conversation
    ) -> AsyncGenerator[bytes, None]:
        """The branch being read."""
        async with self._database.read() as reader:
            ids = await whole.branch_ids(reader, person.person_key, conversation)
            said = await whole.count_messages(
                reader, person.person_key, conversation.conversation_id
            )
        yield reading_copy.heading(conversation, max(0, said - len(ids))).encode()
        for start in range(0, len(ids), PAGE):
            async with self._database.read() as reader:
                page = await whole.messages_by_ids(
                    reader, person.person_key, ids[start : start + PAGE]
                )
            yield "".join(map(reading_copy.passage, page)).encode()

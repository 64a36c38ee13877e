"""What the command line does with documents; the same in a box that runs and one that does not.

Whoever may start these may write the data directory, too, so they may do what an admin may.
"""

import asyncio
from typing import BinaryIO, NamedTuple

from appliance.accounts.audit import Act, AuditLog
from appliance.conversations.conversation import Person
from appliance.documents.document import Document
from appliance.documents.library import Library
from appliance.errors import InvalidInput, NotFound

_PIECE_BYTES = 1 << 20


class DocumentWish(NamedTuple):
    """What is to be done: `act` is the name of the command, `name` a document's name or id."""

    act: str
    name: str = ""
    for_everybody: bool = False


class DocumentErrands:
    """For one person, or for everybody on the box."""

    def __init__(self, library: Library, audit: AuditLog) -> None:
        self._library = library
        self._audit = audit

    async def do(self, person: Person, wish: DocumentWish, file: BinaryIO | None) -> list[str]:
        """Do it, and say what was done. Raises InvalidInput, NotFound, StoreError."""
        if wish.act == "list":
            found = await self._library.list(person)
            return [_line(each) for each in found] or ["There are no documents."]
        if wish.act == "remove":
            return await self._remove(person, wish)
        if wish.act == "add" and file is not None:
            return await self._add(person, wish, file)
        raise InvalidInput("The box does not know this errand; it may be an older version.")

    async def _add(self, person: Person, wish: DocumentWish, file: BinaryIO) -> list[str]:
        place = self._library.place(person, for_everybody=wish.for_everybody, is_admin=True)
        with file:
            async with self._library.receiving(place, wish.name, 0) as arrival:
                while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                    await arrival.take(piece)
        if wish.for_everybody:
            await self._audit.note(None, Act.DOCUMENT_ADDED, None, wish.name)
        newest = (await self._library.list(person))[0]
        if newest.why:
            raise InvalidInput(newest.why)
        return [f"{newest.name} is in the box, and is read by it. See: appliance document list"]

    async def _remove(self, person: Person, wish: DocumentWish) -> list[str]:
        found = [
            each
            for each in await self._library.list(person)
            if wish.name in (each.name, each.document_id)
        ]
        if not found:
            raise NotFound(f"There is no document {wish.name}. See: appliance document list")
        if len(found) > 1:
            ids = ", ".join(each.document_id for each in found)
            raise InvalidInput(f"Several documents have this name; say which one by its id: {ids}")
        (gone,) = found
        await self._library.delete(person, gone.document_id, is_admin=True)
        if gone.is_everybodys:
            await self._audit.note(None, Act.DOCUMENT_REMOVED, None, gone.name)
        return [f"{gone.name} is deleted for good, with its file and {gone.passages} passages."]


def _line(each: Document) -> str:
    whose = ", for everybody" if each.is_everybodys else ""
    where = f", only in {each.conversation_title}" if each.conversation_id else ""
    state = each.why or f"{each.passages} passages" if each.state.is_final else str(each.state)
    return f"{each.document_id}  {each.name}  ({state}{whose}{where})"

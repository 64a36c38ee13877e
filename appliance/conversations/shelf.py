"""Where conversations stand: pinned, in a folder, in the archive, left out of recall."""

from dataclasses import dataclass, replace

from aiosqlite import Connection

from appliance.conversations.accepting import accepted_folder_name
from appliance.conversations.conversation import Conversation, Folder, Person
from appliance.conversations.folders import folder_named
from appliance.errors import Conflict, NotFound
from appliance.sentences import say
from appliance.store import conversations, folders
from appliance.store.database import Database

SHELF_LENGTH = 100

_NO_CONVERSATION = say("There is no such conversation. It may have been deleted.")
_NO_FOLDER = say("There is no such folder. It may have been deleted.")


@dataclass(frozen=True, slots=True)
class Placing:
    """What shall change about where a conversation stands; None leaves it as it is.

    An empty `folder_id` takes it out of its folder. A name in `new_folder` goes before both: the
    folder of that name, made if there is none.
    """

    is_pinned: bool | None = None
    is_archived: bool | None = None
    folder_id: str | None = None
    new_folder: str = ""
    is_recalled: bool | None = None


@dataclass(frozen=True, slots=True)
class ShelfPage:
    """A page of the archive, of a folder, or of everything that is not in the archive."""

    conversations: tuple[Conversation, ...]
    folder: Folder | None
    folders: tuple[Folder, ...]
    has_more: bool


class Shelf:
    """One object a process; holds no state of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        person: Person,
        *,
        archived: bool = False,
        folder_id: str = "",
        after_id: str = "",
    ) -> ShelfPage:
        """What stands there, newest activity first, after the conversation named. Raises
        NotFound.
        """
        async with self._database.read() as reader:
            listed = await folders.list_all(reader, person.person_key)
            folder = next((each for each in listed if each.folder_id == folder_id), None)
            if folder_id and folder is None:
                raise NotFound(_NO_FOLDER)
            found = await conversations.on_shelf(
                reader,
                person.person_key,
                archived=archived,
                folder_id=folder_id or None,
                after_id=after_id or None,
                limit=SHELF_LENGTH + 1,
            )
        return ShelfPage(found[:SHELF_LENGTH], folder, listed, len(found) > SHELF_LENGTH)

    async def find(
        self, person: Person, conversation_id: str
    ) -> tuple[Conversation, tuple[Folder, ...]]:
        """A conversation, and the folders that it could be put into. Raises NotFound."""
        async with self._database.read() as reader:
            found = await conversations.find(reader, person.person_key, conversation_id)
            if found is None:
                raise NotFound(_NO_CONVERSATION)
            return found, await folders.list_all(reader, person.person_key)

    async def place(self, person: Person, conversation_id: str, placing: Placing) -> Conversation:
        """Change where a conversation stands. Raises NotFound, InvalidInput."""
        async with self._database.write() as tx:
            found = await conversations.find(tx, person.person_key, conversation_id)
            if found is None:
                raise NotFound(_NO_CONVERSATION)
            placed = replace(
                found,
                is_pinned=_chosen(placing.is_pinned, found.is_pinned),
                is_archived=_chosen(placing.is_archived, found.is_archived),
                is_recalled=_chosen(placing.is_recalled, found.is_recalled),
                folder=await self._folder_for(tx, person, found, placing),
            )
            if placing.is_archived:  # What is put away does not stand on top any more.
                placed = replace(placed, is_pinned=False)
            elif placing.is_pinned:
                placed = replace(placed, is_archived=False)
            await conversations.place(tx, person.person_key, placed)
        return placed

    async def make_folder(self, person: Person, name: str) -> Folder:
        """The folder of that name, made if there is none. Raises InvalidInput."""
        async with self._database.write() as tx:
            return await folder_named(tx, person, name)

    async def rename_folder(self, person: Person, folder_id: str, name: str) -> Folder:
        """Raises NotFound, InvalidInput, Conflict."""
        name = accepted_folder_name(name)
        async with self._database.write() as tx:
            namesake = await folders.find_by_name(tx, person.person_key, name)
            if namesake is not None and namesake.folder_id != folder_id:
                raise Conflict(say("There is a folder of that name already. Choose another name."))
            if not await folders.rename(tx, person.person_key, folder_id, name):
                raise NotFound(_NO_FOLDER)
        return Folder(folder_id, name)

    async def delete_folder(self, person: Person, folder_id: str) -> int:
        """Its conversations stay, in no folder; returns how many those are. Raises NotFound."""
        async with self._database.write() as tx:
            if await folders.find(tx, person.person_key, folder_id) is None:
                raise NotFound(_NO_FOLDER)
            freed = await folders.delete(tx, person.person_key, folder_id)
        await self._database.truncate_wal()
        return freed

    async def _folder_for(
        self, tx: Connection, person: Person, found: Conversation, placing: Placing
    ) -> Folder | None:
        if placing.new_folder.strip():
            return await folder_named(tx, person, placing.new_folder)
        if placing.folder_id is None:
            return found.folder
        if not placing.folder_id:
            return None
        folder = await folders.find(tx, person.person_key, placing.folder_id)
        if folder is None:
            raise NotFound(_NO_FOLDER)
        return folder


def _chosen(wanted: bool | None, present: bool) -> bool:
    return present if wanted is None else wanted

"""All that the command line may ask of a box: about somebody's data, and about accounts."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from appliance.accounts.account import Account
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.errands import NOT_SET_UP, AccountErrands
from appliance.accounts.key_errands import KeyErrands
from appliance.accounts.leaving import Leaving
from appliance.accounts.people import People
from appliance.conversations.conversation import Person
from appliance.document_errands import DocumentErrands, DocumentWish
from appliance.documents.library import Library
from appliance.errors import Conflict, InvalidInput
from appliance.front_door import FrontDoor
from appliance.portable.belongings import Belongings
from appliance.portable.errands import Errands
from appliance.portable.imports import Imports
from appliance.portable.takeout import Takeout


class Reindexing(Protocol):
    """Whoever makes the vectors of all chunks."""

    async def begin_anew(self) -> None: ...
    async def done_of_total(self) -> tuple[int, int]: ...


@dataclass(frozen=True, slots=True)
class BoxErrands:
    """`owner` has what was said before there were accounts. Whose errand it is has to be said by
    name when there are several people.
    """

    owner: Person
    people: People
    audit: AuditLog
    takeout: Takeout
    imports: Imports
    belongings: Belongings
    accounts: AccountErrands
    keys: KeyErrands
    reindexing: Reindexing
    documents: DocumentErrands
    restart: Callable[[], None] = lambda: None

    async def reindex(self, is_begun: bool) -> list[str]:
        """Make everybody's vectors anew, or only tell how far that is: done, of how many."""
        if not is_begun:
            await self.reindexing.begin_anew()
        done, total = await self.reindexing.done_of_total()
        return [str(done), str(total)]

    async def export(self, name: str, kind: str, conversation_id: str) -> AsyncIterator[bytes]:
        """A file's pieces. Raises NotFound, InvalidInput; so do the others."""
        own = await self._of(name)
        pieces = await own.export(kind, conversation_id)
        await self._note(Act.EXPORTED, own)
        return pieces

    async def bring(self, name: str, file: BinaryIO) -> list[str]:
        """Import a file, and say what came of it."""
        own = await self._of(name)
        words = await own.bring(file)
        await self._note(Act.IMPORTED, own)
        return words

    async def delete(self, name: str, confirmation: str) -> list[str]:
        """Delete all that somebody has, and say how much it was."""
        own = await self._of(name)
        words = await own.delete(confirmation)
        await self._note(Act.DELETED_EVERYTHING, own)
        return words

    async def document(self, wish: DocumentWish, name: str, file: BinaryIO | None) -> list[str]:
        """Put a document in, list what there is, or delete one; what to say of it."""
        return await self.documents.do(await self._person(name), wish, file)

    async def _note(self, act: Act, own: Errands) -> None:
        await self.audit.note(None, act, None, own.person.name)

    async def _of(self, name: str) -> Errands:
        return Errands(await self._person(name), self.takeout, self.imports, self.belongings)

    async def account(self, name: str) -> Account:
        """The account of one person, named or not. Raises NotFound, InvalidInput, Conflict."""
        person = await self._person(name)
        if not self.people.is_set_up:
            raise Conflict(NOT_SET_UP)
        return await self.people.find(person.person_id)

    async def _person(self, name: str) -> Person:
        if name:
            return (await self.people.named(name)).person
        accounts = await self.people.list()
        if len(accounts) > 1:
            names = ", ".join(each.person.name for each in accounts)
            raise InvalidInput(
                f"Several people have something here: say whose with --person ({names})."
            )
        return accounts[0].person if accounts else self.owner


def box_errands(
    owner: Person,
    door: FrontDoor,
    takeout: Takeout,
    imports: Imports,
    belongings: Belongings,
    library: Library,
    address: str,
    reindexing: Reindexing,
    restart: Callable[[], None] = lambda: None,
) -> BoxErrands:
    """Join them; `address` is where the page is, `restart` ends a box that is to begin anew."""
    leaving = Leaving(door.people, belongings)
    accounts = AccountErrands(door.people, door.passwords, door.links, leaving, address)
    keys = KeyErrands(door.keys)
    return BoxErrands(
        *(owner, door.people, door.audit, takeout, imports, belongings, accounts, keys),
        reindexing,
        DocumentErrands(library, door.audit),
        restart,
    )

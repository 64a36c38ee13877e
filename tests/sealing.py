"""Sealed accounts for tests: sealed at once, or by somebody as people do it."""

from dataclasses import dataclass
from typing import Any

from signed_in import account_of, cheap_passwords, sign_in

from appliance.accounts.account import Account
from appliance.accounts.key_locks import Cost, LockKind, lock
from appliance.accounts.keyring import Keyring
from appliance.accounts.recovery_code import new_code
from appliance.conversations.conversation import Person, new_id
from appliance.conversations.opened import StartedTurn
from appliance.lifespan import Box
from appliance.store import people, sealing
from appliance.store.database import Database
from appliance.store.seals import Seal

CHEAP = Cost(passes=1, memory_kib=8, lanes=1)
PASSWORD = "a quiet evening by the lake"
KEY = bytes(range(32))


def new_seal(key: bytes = KEY) -> Seal:
    """A seal whose locks cost nothing."""
    seal_id = new_id()
    return Seal(
        seal_id,
        lock(key, PASSWORD, LockKind.PASSWORD, seal_id, CHEAP),
        lock(key, new_code(), LockKind.CODE, seal_id, CHEAP),
        1_800_000_000,
    )


async def seal_now(database: Database, keyring: Keyring, person: Person, key: bytes = KEY) -> Seal:
    """Seal all that this person has; the account is open."""
    seal = new_seal(key)
    keyring.open(seal.seal_id, key)
    async with database.write() as tx:
        await sealing.seal_all(tx, person.person_key, seal, lambda rows: None)
    return seal


@dataclass(frozen=True)
class Dweller:
    """Somebody in the box, with the password of these tests."""

    box: Box
    name: str = "me"

    async def account(self) -> Account:
        return await account_of(self.box, self.name)

    async def person(self) -> Person:
        return (await self.account()).person

    async def move_in(self) -> "Dweller":
        await sign_in(self.box, self.name)
        person, password_hash = await self.person(), await cheap_passwords().hash(PASSWORD)
        async with self.box.desk.database.write() as tx:
            await people.set_password(tx, person.person_key, password_hash)
        return self

    async def seal(self) -> str:
        """The recovery code of an account that is sealed now."""
        changes, person = self.box.sealed.changes, await self.person()
        code = changes.offer(person)
        change = await changes.begin_sealing(person, PASSWORD, code[-5:])
        await changes.wait_all()
        assert (change.ended, change.is_swept) == ("", True)
        return code

    async def desk(self) -> Any:
        """The one that a request of theirs is given."""
        return self.box.sealed.desk if (await self.account()).is_sealed else self.box.desk

    async def say(self, content: str, conversation_id: str | None = None) -> StartedTurn:
        return await (await self.desk()).service.start_turn(
            await self.person(),
            conversation_id=conversation_id,
            content=content,
            client_message_id=new_id(),
        )

    async def hear(self, started: StartedTurn) -> str:
        """The reply to it, once it is over."""
        service, person = (await self.desk()).service, await self.person()
        return [s async for s in service.follow_turn(person, started.turn.turn_id)][-1].text

    async def read(self, started: StartedTurn) -> list[str]:
        """What a page would show of its conversation."""
        service, person = (await self.desk()).service, await self.person()
        opened = await service.open_conversation(person, started.conversation.conversation_id)
        return [message.content for message in opened.messages]

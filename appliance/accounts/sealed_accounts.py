"""Opening and closing sealed accounts.

An account is open from the moment its password, or its recovery code, was given until nobody is
signed in to it any more, or nobody has used it for long. Its key is then in the keyring, and
nowhere else. Replies that are being written when it is to be closed are finished first, for at most
some minutes. After a restart every account is closed: a cookie opens none.
"""

import asyncio
from contextlib import suppress
from typing import Protocol

import structlog

from appliance.accounts.key_locks import Cost, LockKind, lock, unlock
from appliance.accounts.keyring import Keyring
from appliance.accounts.recovery_code import read_code
from appliance.conversations.conversation import Person
from appliance.errors import AccountClosed, ApplianceError, InvalidInput
from appliance.sentences import say
from appliance.store import seals
from appliance.store.database import Database
from appliance.store.seals import Seal

FINISH_SECONDS = 600.0
"""So long a reply may still be written after its person has signed out."""
UNUSED_SECONDS = 12 * 3600.0
"""So long nobody needs to look at an account for it to stay open: an open page is a look."""
LOOK_SECONDS = 60.0

_WRONG_PASSWORD = say("That password does not open this account. Type it again.")
_WRONG_CODE = say("That recovery code is not this account's. Look for the one that was shown last.")

log = structlog.get_logger(__name__)


class Work(Protocol):
    """What goes on for a person, and what is held of their words beside the tables."""

    async def settle(self, person: Person) -> None:
        """Nothing goes on any more. Raises Conflict while something has to be waited for."""

    async def finish(self, person: Person, seconds: float) -> None:
        """Wait for what is being written, and stop what takes longer."""

    async def stop(self, person: Person) -> None:
        """Stop what is being written, and wait until it is stored."""

    async def forget(self, person: Person) -> None:
        """Hold nothing any more, in memory, Valkey or on the disk. Raises EngineError."""

    async def go_on(self, person: Person) -> None:
        """Take up what was left unfinished."""


class SealedAccounts:
    """Who is open. `cost` is what a password's key costs to make."""

    def __init__(
        self, database: Database, keyring: Keyring, work: Work, cost: Cost | None = None
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._work = work
        self._cost = cost or Cost()
        self._open: dict[str, Person] = {}
        self._closing: dict[str, asyncio.Task[None]] = {}
        self._left: set[int] = set()
        self._one_at_a_time = asyncio.Lock()

    async def find(self, person: Person) -> Seal | None:
        """None when this account is not sealed."""
        async with self._database.read() as reader:
            return await seals.find(reader, person.person_key)

    def is_open(self, seal: Seal) -> bool:
        return self._keyring.is_open(seal.seal_id)

    def check_open(self, person: Person) -> None:
        """For an account that is sealed. Raises AccountClosed."""
        if all(each.person_key != person.person_key for each in self._open.values()):
            raise AccountClosed

    async def open(self, person: Person, password: str) -> None:
        """Raises InvalidInput when that is not the password."""
        seal = await self.find(person)
        if seal is None:
            return
        key = await self.key_of(seal, password, LockKind.PASSWORD)
        if key is None:
            raise InvalidInput(_WRONG_PASSWORD)
        await self.take_key(person, seal, key)

    async def open_by_code(self, person: Person, code: str, password: str) -> None:
        """The same with the recovery code; from now on `password`, which must be the account's,
        opens it. Raises InvalidInput.
        """
        seal = await self.find(person)
        if seal is None:
            return
        key = await self.key_of(seal, read_code(code), LockKind.CODE)
        if key is None:
            raise InvalidInput(_WRONG_CODE)
        await self._lock_again(person, seal, key, password)
        await self.take_key(person, seal, key)

    async def close(self, person: Person) -> None:
        """At once: what is being written is stopped, and kept as far as it has come."""
        if (seal := await self.find(person)) is not None:
            self._end_closing(seal.seal_id)
            await self._work.stop(person)
            await self._close(person, seal.seal_id)

    async def close_soon(self, person: Person) -> None:
        """As soon as what is being written is done; returns before that."""
        self._left.add(person.person_key)
        seal = await self.find(person)
        if seal is None or not self.is_open(seal) or seal.seal_id in self._closing:
            return
        closing = asyncio.create_task(self._finish_and_close(person, seal.seal_id), name="closing")
        self._closing[seal.seal_id] = closing
        closing.add_done_callback(lambda _: self._drop_closing(seal.seal_id, closing))

    def come_in(self, person: Person) -> None:
        """Somebody is signed in, sealed or not."""
        self._left.discard(person.person_key)

    async def close_if_left(self, person: Person) -> None:
        """Nobody was signed in any more when the account had just become a sealed one."""
        if person.person_key in self._left:
            await self.close_soon(person)

    async def close_unused(self) -> None:
        """Close those that nobody has looked at for long."""
        for seal_id, person in list(self._open.items()):
            if self._keyring.unused_seconds(seal_id) >= UNUSED_SECONDS:
                await self.close_soon(person)

    async def close_unused_in_time(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.close_unused()

    async def wait_closed(self) -> None:
        """Return when nothing is being closed any more."""
        while self._closing:
            await asyncio.wait(list(self._closing.values()))

    async def stop(self) -> None:
        """End what waits; the keys stay for whoever still writes."""
        closing = list(self._closing.values())
        for task in closing:
            task.cancel()
        await asyncio.gather(*closing, return_exceptions=True)

    async def change_password(self, person: Person, old: str | None, new: str) -> None:
        """The account has another password.

        Without the old one, or with one that does not open it, the account is closed at once:
        whoever set the new password may be somebody else, and only the recovery code opens it then.
        """
        seal = await self.find(person)
        if seal is None:
            return
        key = await self.key_of(seal, old, LockKind.PASSWORD) if old is not None else None
        if key is None:
            await self.close(person)
        else:
            await self._lock_again(person, seal, key, new)

    async def key_of(self, seal: Seal, secret: str, kind: LockKind) -> bytes | None:
        """The key under that lock; None for a wrong secret."""
        locked = seal.by_password if kind is LockKind.PASSWORD else seal.by_code
        # argon2id takes the memory of a small box: one at a time.
        async with self._one_at_a_time:
            return await asyncio.to_thread(unlock, locked, secret, kind, seal.seal_id)

    async def locked(self, key: bytes, secret: str, kind: LockKind, seal_id: str) -> str:
        """That key under a new lock."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(lock, key, secret, kind, seal_id, self._cost)

    async def take_key(self, person: Person, seal: Seal, key: bytes) -> None:
        """The account is open, and what was left unfinished goes on."""
        self.come_in(person)
        self._end_closing(seal.seal_id)
        self.hold_key(person, seal.seal_id, key)
        log.info("a sealed account is open")
        await self._work.go_on(person)

    def hold_key(self, person: Person, seal_id: str, key: bytes) -> None:
        """The key is here from now on."""
        self._keyring.open(seal_id, key)
        self._open[seal_id] = person

    def drop_key(self, seal_id: str) -> None:
        """The key is not here any more; nobody may be writing."""
        self._open.pop(seal_id, None)
        self._keyring.close(seal_id)

    async def _lock_again(self, person: Person, seal: Seal, key: bytes, password: str) -> None:
        wrapped = await self.locked(key, password, LockKind.PASSWORD, seal.seal_id)
        async with self._database.write() as tx:
            await seals.rewrap(tx, person.person_key, "by_password", wrapped)

    def _end_closing(self, seal_id: str) -> None:
        if (closing := self._closing.pop(seal_id, None)) is not None:
            closing.cancel()

    def _drop_closing(self, seal_id: str, closing: "asyncio.Task[None]") -> None:
        if self._closing.get(seal_id) is closing:
            del self._closing[seal_id]

    async def _finish_and_close(self, person: Person, seal_id: str) -> None:
        await self._work.finish(person, FINISH_SECONDS)
        if person.person_key in self._left:
            await self._work.stop(person)
            await self._close(person, seal_id)

    async def _close(self, person: Person, seal_id: str) -> None:
        self.drop_key(seal_id)
        log.info("a sealed account is closed")
        with suppress(asyncio.CancelledError):
            await asyncio.shield(self._forget(person))

    async def _forget(self, person: Person) -> None:
        try:
            await self._work.forget(person)
        except ApplianceError as error:
            log.warning("something of a closed account is held still", error=type(error).__name__)

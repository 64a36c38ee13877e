"""Sealing an account, and unsealing it: all that there is of a person's words, in one commit.

First a code is shown, without which nothing is sealed; whoever types its last group has it before
their eyes. Then the change runs in the background, with progress. What was there before is taken
out of Valkey, the KV cache, the disk's snapshots and the free room of the database afterwards; a
box that breaks down in between does that at its next start.
"""

import asyncio
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from time import time
from typing import Any

import structlog
from aiosqlite import Connection

from appliance.accounts.key_locks import LockKind
from appliance.accounts.keyring import KEY_BYTES
from appliance.accounts.recovery_code import READ_AS, last_group, new_code, read_code
from appliance.accounts.sealed_accounts import SealedAccounts, Work
from appliance.conversations.conversation import Person, new_id
from appliance.errors import AccountClosed, ApplianceError, Conflict, InvalidInput
from appliance.sentences import say, say_counted
from appliance.store import documents, sealing, seals, turns
from appliance.store.database import Database
from appliance.store.seals import Seal

UNSEAL_WORDS = say("unseal my account")
MOST_OFFERS = 1_000

_NO_CODE = say(
    "The code that was shown is not known any more. Begin again: you will be shown another."
)
_NOT_WRITTEN_DOWN = say(
    "Nothing was sealed: that is not the last group of the code. Write the code down first, then "
    "type its last five letters and digits."
)
_NOT_CONFIRMED = say(
    "Nothing was unsealed. To do it, type the words: %(words)s", words=UNSEAL_WORDS
)
_ALREADY = say("This account is sealed already. Reload the page.")
_NOT_SEALED = say("This account is not sealed. Reload the page.")
_BUSY = say("This account is being changed already. Wait until that is done.")
_WRITING = say("A reply is still being written. Wait for it or stop it, then try again.")
_UNEXPECTED = say(
    "Something went wrong inside the box, and nothing was changed; the log has the details."
)

Steps = Coroutine[Any, Any, None]

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Change:
    """How far it has come: `done` of `rows`. `ended` says why it broke off; then nothing changed.

    `is_swept` when nothing of before was left anywhere.
    """

    is_sealing: bool
    rows: int = 0
    done: int = 0
    is_over: bool = False
    is_swept: bool = False
    ended: str = ""

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // max(1, self.rows))

    def tell(self, rows: int) -> None:
        """So many more are done."""
        self.done += rows


class SealChanges:
    """One change of an account at a time; the last one of each person is remembered."""

    def __init__(self, database: Database, accounts: SealedAccounts, work: Work) -> None:
        self._database = database
        self._accounts = accounts
        self._work = work
        self._offers: dict[int, str] = {}
        self._last: dict[int, tuple[Change, asyncio.Task[None]]] = {}

    def offer(self, person: Person) -> str:
        """A recovery code, to be written down before anything is sealed with it."""
        if len(self._offers) >= MOST_OFFERS:
            self._offers.pop(next(iter(self._offers)))
        return self._offers.setdefault(person.person_key, new_code())

    def last(self, person: Person) -> Change | None:
        """How the newest change of this account stands."""
        found = self._last.get(person.person_key)
        return found[0] if found else None

    async def begin_sealing(self, person: Person, password: str, typed: str) -> Change:
        """Seal all there is, in the background. `password` must be the account's, and `typed` the
        last group of the code that was offered.

        Raises InvalidInput, Conflict.
        """
        code = self._offers.get(person.person_key)
        if code is None:
            raise InvalidInput(_NO_CODE)
        if _letters(typed) != last_group(code):
            raise InvalidInput(_NOT_WRITTEN_DOWN)
        if await self._accounts.find(person) is not None:
            raise Conflict(_ALREADY)
        async with self._database.read() as reader:
            await _check_no_documents(reader, person)
        await self._settle(person)
        seal_id, key = new_id(), secrets.token_bytes(KEY_BYTES)
        seal = Seal(
            seal_id,
            await self._accounts.locked(key, password, LockKind.PASSWORD, seal_id),
            await self._accounts.locked(key, read_code(code), LockKind.CODE, seal_id),
            int(time()),
        )
        self._check_idle(person)
        change = Change(is_sealing=True)
        return self._begin(person, change, self._seal(person, seal, key, change))

    async def begin_unsealing(self, person: Person, confirmation: str) -> Change:
        """Unseal all there is, in the background. Raises InvalidInput, Conflict, AccountClosed."""
        if " ".join(confirmation.split()).casefold() != UNSEAL_WORDS:
            raise InvalidInput(_NOT_CONFIRMED)
        seal = await self._accounts.find(person)
        if seal is None:
            raise Conflict(_NOT_SEALED)
        if not self._accounts.is_open(seal):
            raise AccountClosed
        await self._settle(person)
        self._check_idle(person)
        change = Change(is_sealing=False)
        return self._begin(person, change, self._unseal(person, seal, change))

    async def sweep_the_rest(self) -> None:
        """At start: what a sealing that was broken off has left of before."""
        async with self._database.read() as reader:
            unswept = await seals.unswept(reader)
        for person in unswept:
            await self._sweep(person)

    async def wait_all(self) -> None:
        """Return when no change runs any more."""
        tasks = [task for _, task in self._last.values()]
        if tasks:
            await asyncio.wait(tasks)

    async def _settle(self, person: Person) -> None:
        self._check_idle(person)
        await self._work.settle(person)

    def _check_idle(self, person: Person) -> None:
        found = self._last.get(person.person_key)
        if found is not None and not found[0].is_over:
            raise Conflict(_BUSY)

    def _begin(self, person: Person, change: Change, steps: Steps) -> Change:
        task = asyncio.create_task(self._run(change, steps), name="seal-change")
        self._last[person.person_key] = (change, task)
        return change

    async def _run(self, change: Change, steps: Steps) -> None:
        try:
            await steps
        except ApplianceError as error:
            change.ended = error.sentence
        except Exception:  # a change's border: whoever looks at it must see an end
            log.exception("an account could not be changed")
            change.ended = _UNEXPECTED
        finally:
            change.is_over = True
        log.info("an account was changed", is_sealing=change.is_sealing, rows=change.done)

    async def _seal(self, person: Person, seal: Seal, key: bytes, change: Change) -> None:
        self._accounts.hold_key(person, seal.seal_id, key)
        try:
            async with self._database.write() as tx:
                if await seals.find(tx, person.person_key) is not None:
                    raise Conflict(_ALREADY)
                await _check_no_documents(tx, person)
                await self._check_quiet(tx, person)
                change.rows = await sealing.count_rows(tx, person.person_key)
                await sealing.seal_all(tx, person.person_key, seal, change.tell)
        except BaseException:
            self._accounts.drop_key(seal.seal_id)
            raise
        self._offers.pop(person.person_key, None)
        change.is_swept = await self._sweep(person)
        await self._accounts.close_if_left(person)

    async def _unseal(self, person: Person, seal: Seal, change: Change) -> None:
        async with self._database.write() as tx:
            await self._check_quiet(tx, person)
            change.rows = await sealing.count_rows(tx, person.person_key)
            await sealing.unseal_all(tx, person.person_key, seal, change.tell)
        self._accounts.drop_key(seal.seal_id)
        change.is_swept = True

    async def _check_quiet(self, tx: Connection, person: Person) -> None:
        """In the same moment of the database: what begins after it, begins at the other desk."""
        if await turns.any_open(tx, person.person_key):
            raise Conflict(_WRITING)

    async def _sweep(self, person: Person) -> bool:
        try:
            await self._work.forget(person)
            if not await self._database.sweep():
                return False
        except ApplianceError as error:
            log.warning("something of before is left", error=type(error).__name__)
            return False
        async with self._database.write() as tx:
            await seals.mark_swept(tx, person.person_key)
        return True


async def _check_no_documents(reader: Connection, person: Person) -> None:
    """Their files lie on the disk as they came, and nothing here could seal them."""
    count, _ = await documents.count_and_bytes(reader, person.person_key)
    if count:
        raise Conflict(
            say_counted(
                "You keep %(num)s document here, and the box cannot seal files yet. Delete it "
                "first.",
                "You keep %(num)s documents here, and the box cannot seal files yet. Delete them "
                "first.",
                count,
            )
        )


def _letters(typed: str) -> str:
    return "".join(typed.split()).upper().translate(READ_AS)

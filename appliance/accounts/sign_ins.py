"""Sign-ins: which browser is whose, from the moment somebody comes in until they are out.

A browser holds a random key; the database holds its hash. A sign-in ends by being signed out, after
a time without use, after its longest time whatever happens, with the account's password, and when
the account is disabled or deleted. Streams that are open then end at once.
"""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from time import time

import structlog
from aiosqlite import Connection

from appliance.accounts.account import Account, Device, SignedIn, SignIn
from appliance.accounts.open_requests import OpenRequests
from appliance.accounts.random_keys import key_hash, new_key
from appliance.accounts.watching import Watchers
from appliance.conversations.conversation import Person, new_id
from appliance.errors import InvalidInput, NotFound, StoreError
from appliance.sentences import say
from appliance.store import people, sign_ins
from appliance.store.database import Database

MOST_BROWSERS = 100
SEEN_EVERY_SECONDS = 60
DAY = 24 * 3600

CHANGED = say(
    "The password was changed while you were signing in, or the account was. Sign in again with "
    "the password of now."
)

InSameWrite = Callable[[Connection], Awaitable[None]]


async def nothing_more(tx: Connection) -> None:
    """Nothing is written beside."""


log = structlog.get_logger(__name__)


class SignIns:
    """`idle_days` is how long one may stay unused, `longest_days` how long it lasts at all."""

    def __init__(
        self,
        database: Database,
        watchers: Watchers = (),
        *,
        idle_days: int = 30,
        longest_days: int = 180,
        clock: Callable[[], float] = time,
    ) -> None:
        self._database = database
        self._watchers = watchers
        self._idle_seconds = idle_days * DAY
        self.longest_seconds = longest_days * DAY
        self._clock = clock
        self.open_requests = OpenRequests()

    async def begin(
        self,
        account: Account,
        device: Device,
        password: str | None = None,
        also: InSameWrite = nothing_more,
    ) -> str:
        """Sign a browser in; the key for its cookie. `also` writes what is true only with it.

        `account` is as it was when its password was looked at. That takes a while: whoever is
        disabled since, or has another password, is not let in. Raises InvalidInput.
        """
        key, now = new_key(), int(self._clock())
        sign_in = SignIn(new_id(), device, now, now)
        async with self._database.write() as tx:
            if not await people.may_still_enter(tx, account):
                raise InvalidInput(CHANGED)
            await also(tx)
            await sign_ins.insert(tx, account.person.person_key, sign_in, key_hash(key))
            surplus = await sign_ins.delete_surplus(tx, account.person.person_key, MOST_BROWSERS)
        self._close(surplus)
        for watcher in self._watchers:
            await watcher.signed_in(account, password)
        return key

    async def who(self, key: str) -> SignedIn | None:
        """Whose browser that is; None for a key that is not good, or not any more."""
        now = int(self._clock())
        async with self._database.read() as reader:
            found = await sign_ins.find(reader, key_hash(key))
        if found is None or found.account.is_disabled:
            return None
        if found.created_at + self.longest_seconds <= now:
            return None
        if found.seen_at + self._idle_seconds <= now:
            return None
        if now - found.seen_at >= SEEN_EVERY_SECONDS:
            await self._note_use(found.sign_in_id, now)
        return SignedIn(found.account, found.sign_in_id)

    async def devices(self, person: Person) -> tuple[SignIn, ...]:
        """Where somebody is signed in, latest use first."""
        now = int(self._clock())
        async with self._database.read() as reader:
            found = await sign_ins.of_account(reader, person.person_key)
        return tuple(
            each
            for each in found
            if each.created_at + self.longest_seconds > now
            and each.seen_at + self._idle_seconds > now
        )

    async def last_seen(self) -> dict[int, int]:
        """By `person_key`: when each was here last, of those who are signed in anywhere."""
        async with self._database.read() as reader:
            return await sign_ins.last_seen(reader)

    async def end(self, person: Person, sign_in_id: str) -> None:
        """Sign one browser out. Raises NotFound."""
        async with self._database.write() as tx:
            is_gone = await sign_ins.delete(tx, person.person_key, sign_in_id)
        if not is_gone:
            raise NotFound(say("That browser is signed out already."))
        self._close((sign_in_id,))
        await self._tell_out(person)

    async def forget(self, key: str) -> None:
        """Sign out whoever is in with that key, if anybody is."""
        signed_in = await self.who(key) if key else None
        if signed_in is not None and signed_in.sign_in_id is not None:
            with suppress(NotFound):  # out by another way meanwhile
                await self.end(signed_in.person, signed_in.sign_in_id)

    async def end_all(self, person: Person, but: str | None = None) -> int:
        """Sign out everywhere, but for one perhaps; how many were."""
        async with self._database.write() as tx:
            ended = await sign_ins.delete_all(tx, person.person_key, but)
        self._close(ended)
        if but is None:
            # Keys of programs too: whoever may not come in may not read on.
            self.open_requests.end(lambda each: each.person.person_key == person.person_key)
        if ended:
            await self._tell_out(person)
        return len(ended)

    async def end_old(self) -> int:
        """Sign out whoever has been in for too long, or away; how many browsers that were."""
        now = int(self._clock())
        longest, idle = now - self.longest_seconds, now - self._idle_seconds
        async with self._database.read() as reader:
            if not await sign_ins.has_old(reader, longest, idle):
                return 0
        async with self._database.write() as tx:
            old = await sign_ins.delete_old(tx, longest, idle)
        self._close(sign_in_id for sign_in_id, _ in old)
        for person in dict.fromkeys(person for _, person in old):
            await self._tell_out(person)
        return len(old)

    async def _tell_out(self, person: Person) -> None:
        if self._watchers:
            was_last = not await self.devices(person)
            for watcher in self._watchers:
                await watcher.signed_out(person, was_last)

    async def _note_use(self, sign_in_id: str, now: int) -> None:
        try:
            async with self._database.write() as tx:
                await sign_ins.touch(tx, sign_in_id, now)
        except StoreError as error:  # a full disk keeps nobody from reading
            log.warning("use of a sign-in was not noted", cause=type(error).__name__)

    def _close(self, ended: Iterable[str]) -> None:
        gone = set(ended)
        if gone:
            self.open_requests.end(lambda each: each.sign_in_id in gone)

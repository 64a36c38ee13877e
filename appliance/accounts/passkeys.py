"""Passkeys: coming in with a key that stays in one's device, behind the device's own lock.

That is two factors at once, so nothing more is asked for. Only a sealed account still needs its
password, for nothing else opens it. A question to a device is kept here, in memory, and answered
once. What speaks WebAuthn is loaded with the first question: most boxes never ask one.
"""

from collections.abc import Callable
from functools import partial
from time import time
from typing import NamedTuple

from aiosqlite import Connection

from appliance.accounts.account import Account, Visitor
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.brief import Brief
from appliance.accounts.letting_in import DISABLED, Begun, LettingIn
from appliance.accounts.passkey import Passkey, Site
from appliance.accounts.second_step import SecondSteps
from appliance.accounts.throttle import neighbourhood
from appliance.conversations.accepting import check_text
from appliance.conversations.conversation import Person, new_id
from appliance.errors import Conflict, InvalidInput, NotFound
from appliance.sentences import say
from appliance.store import passkeys, people
from appliance.store.database import Database

MOST = 20
LONGEST_NAME = 60

TOO_LATE = say("That took too long, or was done already. Begin once more.")
NO_NAME = say("A passkey needs a name of at most %(most)s letters.", most=LONGEST_NAME)
TOO_MANY = say("You have %(most)s passkeys already. Remove one that you do not use.", most=MOST)
KNOWN = say("That device has a passkey for this account already.")
UNKNOWN = say(
    "The box does not know this passkey, or not any more. Sign in with your password; you can make "
    "another one on the page of your account."
)
COPIED = say(
    "The box did not take this passkey: it says it was used less often than it was, so there may "
    "be a copy of it. Sign in with your password, remove it, and make another one."
)
GONE = say("That passkey is removed already.")


class _Question(NamedTuple):
    """`account_key` is None for a sign-in: whose it is will be seen."""

    host: str
    account_key: int | None


class Passkeys:
    """Makes them, lets in by them, removes them."""

    def __init__(
        self,
        database: Database,
        letting_in: LettingIn,
        second_steps: SecondSteps,
        audit: AuditLog,
        clock: Callable[[], float] = time,
    ) -> None:
        self._database = database
        self._letting_in = letting_in
        self._second_steps = second_steps
        self._audit = audit
        self._clock = clock
        self._questions: Brief[_Question] = Brief()

    async def of(self, person: Person) -> tuple[Passkey, ...]:
        """Oldest first."""
        async with self._database.read() as reader:
            return await passkeys.of_account(reader, person.person_key)

    async def are_used(self, host: str) -> bool:
        """Whether anybody has one for this host."""
        async with self._database.read() as reader:
            return await passkeys.any_under(reader, host)

    async def ask_for_new(self, account: Account, name: str, site: Site) -> str:
        """The question to the device, as JSON. Raises InvalidInput, Conflict for too many."""
        from appliance.accounts import passkey_ceremony as ceremony

        accepted_name(name)
        person_key = account.person.person_key
        has = await self.of(account.person)
        if len(has) >= MOST:
            raise Conflict(TOO_MANY)
        challenge = self._questions.put(person_key, _Question(site.host, person_key))
        return ceremony.creation_options(challenge, site, account, has)

    async def add(
        self, account: Account, name: str, answer: str, site: Site, address: str = ""
    ) -> Passkey:
        """What the device made. Raises InvalidInput, Conflict."""
        from appliance.accounts import passkey_ceremony as ceremony

        name = accepted_name(name)
        person = account.person
        challenge = ceremony.challenge_of_new(answer)
        if self._questions.take(challenge) != _Question(site.host, person.person_key):
            raise InvalidInput(TOO_LATE)
        made = ceremony.read_new(answer, challenge, site)
        now = int(self._clock())
        passkey = Passkey(new_id(), person.person_key, *made, site.host, name, now)
        async with self._database.write() as tx:
            if not await passkeys.insert(tx, passkey):
                raise Conflict(KNOWN)
            await self._audit.note(tx, Act.PASSKEY_ADDED, person, "", address)
        return passkey

    async def remove(self, person: Person, passkey_id: str, address: str = "") -> str:
        """It lets nobody in any more; its name. Raises NotFound."""
        async with self._database.write() as tx:
            name = await passkeys.delete(tx, person.person_key, passkey_id)
            if name is None:
                raise NotFound(GONE)
            await self._audit.note(tx, Act.PASSKEY_REMOVED, person, "", address)
        return name

    async def ask(self, site: Site, visitor: Visitor) -> str:
        """The question to a device that is to let somebody in, as JSON.

        Whoever has given a password is asked for one of their own passkeys.
        """
        from appliance.accounts import passkey_ceremony as ceremony

        account = self._second_steps.who(visitor)
        among = await self.of(account.person) if account else ()
        owner = ("sign-in", neighbourhood(visitor.address))
        challenge = self._questions.put(owner, _Question(site.host, None))
        return ceremony.request_options(challenge, site, among)

    async def sign_in(self, answer: str, site: Site, visitor: Visitor) -> Begun:
        """Let in whose passkey it is. Raises InvalidInput."""
        from appliance.accounts import passkey_ceremony as ceremony

        shown = ceremony.shown(answer)
        if self._questions.take(shown.challenge) != _Question(site.host, None):
            raise InvalidInput(TOO_LATE)
        async with self._database.read() as reader:
            passkey = await passkeys.by_credential(reader, shown.credential_id)
            account = await people.by_key(reader, passkey.account_key) if passkey else None
        if passkey is None or account is None or passkey.host != site.host:
            raise InvalidInput(UNKNOWN)
        if shown.account_handle not in (None, ceremony.handle_of(account)):
            raise InvalidInput(UNKNOWN)
        count = ceremony.sign_count_of(answer, shown.challenge, site, passkey.public_key)
        if account.is_disabled:
            raise InvalidInput(DISABLED)
        return await self._let_in(account, passkey, count, visitor)

    async def _let_in(
        self, account: Account, passkey: Passkey, count: int, visitor: Visitor
    ) -> Begun:
        password = self._second_steps.take_password(account, visitor)
        used = partial(self._note_use, passkey, count)
        try:
            return await self._letting_in.let_in(
                account, visitor, password, Act.SIGNED_IN_BY_PASSKEY, used
            )
        except _CopiedKey as error:
            name = account.person.name
            await self._audit.note(None, Act.PASSKEY_REFUSED, None, name, visitor.address)
            raise InvalidInput(COPIED) from error

    async def _note_use(self, passkey: Passkey, count: int, tx: Connection) -> None:
        if not await passkeys.note_use(tx, passkey.passkey_id, count, int(self._clock())):
            raise _CopiedKey


class _CopiedKey(Exception):
    """Its own count of uses has not grown; nothing of the sign-in is written."""


def accepted_name(typed: str) -> str:
    """The name as it is kept. Raises InvalidInput."""
    check_text(typed)
    name = " ".join(typed.split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput(NO_NAME)
    return name

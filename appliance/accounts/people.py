"""Accounts: making, listing and changing them. There is always an admin once there was one.

What must hold for all of them together (a name once, one admin left) is looked at in the
transaction that changes it, so that two who act at once cannot both be right.
"""

from time import time

from aiosqlite import Connection

from appliance.accounts.account import Account, AccountRole, LinkPurpose
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.names import account_name, name_key
from appliance.accounts.one_time_links import GONE, OneTimeLinks
from appliance.accounts.passwords import Passwords
from appliance.accounts.sign_ins import CHANGED, SignIns
from appliance.accounts.watching import Watchers
from appliance.conversations.conversation import Person
from appliance.errors import Conflict, InvalidInput, LinkGone, NotFound
from appliance.sentences import say
from appliance.store import known_devices, one_time_links, passkeys, people, second_factors
from appliance.store.database import Database

TAKEN = say("Somebody here has that name, or one that looks like it. Take another one.")
LAST_ADMIN = say(
    "Nobody else could look after the box then. Make somebody else an admin first, then do this."
)
NOBODY = say("There is no such account.")
SET_UP_ALREADY = say("This box is set up already. Sign in, or ask an admin for an invitation.")


class People:
    """Everybody who may come in. `is_set_up`: whether there is anybody yet."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        links: OneTimeLinks,
        sign_ins: SignIns,
        audit: AuditLog,
        watchers: Watchers = (),
        is_set_up: bool = False,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._links = links
        self._sign_ins = sign_ins
        self._audit = audit
        self._watchers = watchers
        self.is_set_up = is_set_up

    async def list(self) -> tuple[Account, ...]:
        """Everybody, oldest first."""
        async with self._database.read() as reader:
            return await people.all_accounts(reader)

    async def find(self, person_id: str) -> Account:
        """Raises NotFound."""
        async with self._database.read() as reader:
            return _there(await people.by_id(reader, person_id))

    async def named(self, name: str) -> Account:
        """The same by name, however it is written. Raises NotFound."""
        async with self._database.read() as reader:
            known = await people.by_name(reader, name_key(name))
        return _there(known.account if known else None)

    async def set_up(self, key: str, name: str, password: str, address: str = "") -> Account:
        """Make the first admin, who has what was said before there were accounts.

        Raises LinkGone, InvalidInput.
        """
        if not self._links.is_setup_key(key):
            raise LinkGone(GONE)
        name = account_name(name)
        password_hash = await self._passwords.hash(password, name)
        async with self._database.write() as tx:
            if await people.is_set_up(tx):
                raise LinkGone(SET_UP_ALREADY)
            owner = await people.local_person(tx)
            await people.set_name(tx, owner.person_key, name, name_key(name))
            await people.set_role(tx, owner.person_key, AccountRole.ADMIN)
            await people.set_password(tx, owner.person_key, password_hash)
            account = _there(await people.by_id(tx, owner.person_id))
            await self._audit.note(tx, Act.SET_UP, account.person, "", address)
        self.is_set_up = True
        return account

    async def join(self, key: str, name: str, password: str, address: str = "") -> Account:
        """Make the account that an invitation is for. Raises LinkGone, InvalidInput."""
        link = await self._links.look(key, LinkPurpose.INVITATION)
        name = account_name(name)
        password_hash = await self._passwords.hash(password, name)
        async with self._database.write() as tx:
            await self._links.use(tx, key, LinkPurpose.INVITATION)
            account = await self._insert(tx, name, password_hash, link.role)
            await self._audit.note(tx, Act.JOINED, account.person, link.made_by, address)
        return account

    async def make(
        self, name: str, password_hash: str, role: AccountRole, by: Person | None = None
    ) -> Account:
        """Make an account whose password is known by its hash. Raises InvalidInput."""
        name = account_name(name)
        async with self._database.write() as tx:
            account = await self._insert(tx, name, password_hash, role)
            await self._audit.note(tx, Act.JOINED, by, account.person.name)
        self.is_set_up = True
        return account

    async def rename(self, person: Person, name: str, address: str = "") -> Account:
        """Give somebody another name. Raises InvalidInput, NotFound."""
        name = account_name(name)
        async with self._database.write() as tx:
            await _check_free(tx, name, person.person_id)
            await people.set_name(tx, person.person_key, name, name_key(name))
            await self._audit.note(tx, Act.RENAMED, person, name, address)
            return _there(await people.by_id(tx, person.person_id))

    async def set_role(
        self, by: Person | None, person_id: str, role: AccountRole, address: str = ""
    ) -> Account:
        """Make somebody an admin, or one no more. Raises Conflict for the last one, NotFound."""
        async with self._database.write() as tx:
            account = _there(await people.by_id(tx, person_id))
            if role is not AccountRole.ADMIN:
                await _check_not_last(tx, account)
                await one_time_links.delete_made_by(tx, account.person.person_key)
            await people.set_role(tx, account.person.person_key, role)
            await self._audit.note(tx, Act.ROLE_CHANGED, by, account.person.name, address)
            return _there(await people.by_id(tx, person_id))

    async def disable(self, by: Person | None, person_id: str, address: str = "") -> Account:
        """Let somebody in no more, and sign them out at once; nothing of theirs is lost.

        Raises Conflict for the last admin, NotFound.
        """
        async with self._database.write() as tx:
            account = _there(await people.by_id(tx, person_id))
            await _check_not_last(tx, account)
            await people.set_disabled(tx, account.person.person_key, True)
            await one_time_links.delete_made_by(tx, account.person.person_key)
            await self._audit.note(tx, Act.DISABLED, by, account.person.name, address)
        await self._sign_ins.end_all(account.person)
        return await self.find(person_id)

    async def enable(self, by: Person | None, person_id: str, address: str = "") -> Account:
        """Let somebody in again. Raises NotFound."""
        async with self._database.write() as tx:
            account = _there(await people.by_id(tx, person_id))
            await people.set_disabled(tx, account.person.person_key, False)
            await self._audit.note(tx, Act.ENABLED, by, account.person.name, address)
        return await self.find(person_id)

    async def set_password(
        self,
        account: Account,
        new: str,
        *,
        old: str | None = None,
        but: str | None = None,
        address: str = "",
    ) -> None:
        """Another password; all browsers but that one are signed out. `old` is the one that was
        right until now, where it is known. Raises InvalidInput, also when it was reset meanwhile.
        """
        person = account.person
        password_hash = await self._passwords.hash(new, person.name)
        async with self._database.write() as tx:
            if not await people.may_still_enter(tx, account):
                raise InvalidInput(CHANGED)
            await people.set_password(tx, person.person_key, password_hash)
            await self._audit.note(tx, Act.PASSWORD_CHANGED, person, "", address)
        for watcher in self._watchers:
            await watcher.password_changed(account, old, new)
        await self._sign_ins.end_all(person, but)

    async def reset_password(self, key: str, new: str, address: str = "") -> Account:
        """Give the account that a link is for another password; it is signed out everywhere.

        The second factor and passkeys end with it, for both may be lost or somebody else's.

        Raises LinkGone, InvalidInput.
        """
        link = await self._links.look(key, LinkPurpose.RESET)
        assert link.about is not None, "a reset is for somebody"
        password_hash = await self._passwords.hash(new, link.about.name)
        async with self._database.write() as tx:
            await self._links.use(tx, key, LinkPurpose.RESET)
            await people.set_password(tx, link.about.person_key, password_hash)
            account = _there(await people.by_id(tx, link.about.person_id))
            await known_devices.forget_all(tx, account.person.person_key)
            await self._audit.note(tx, Act.PASSWORD_RESET, account.person, "", address)
            await self._end_other_ways_in(tx, account.person, address)
        for watcher in self._watchers:
            await watcher.password_changed(account, None, new)
        await self._sign_ins.end_all(account.person)
        return account

    async def delete(self, by: Person | None, account: Account, address: str = "") -> None:
        """The last step of leaving: what was said is gone already. Raises Conflict."""
        async with self._database.write() as tx:
            await _check_not_last(tx, account)
            await people.delete(tx, account.person.person_key)
            await self._audit.note(tx, Act.ACCOUNT_DELETED, by, account.person.name, address)

    async def _end_other_ways_in(self, tx: Connection, person: Person, address: str) -> None:
        if await second_factors.delete(tx, person.person_key):
            await self._audit.note(tx, Act.SECOND_FACTOR_OFF, person, person.name, address)
        if await passkeys.delete_all(tx, person.person_key):
            await self._audit.note(tx, Act.PASSKEY_REMOVED, person, person.name, address)

    async def _insert(
        self, tx: Connection, name: str, password_hash: str, role: AccountRole
    ) -> Account:
        await _check_free(tx, name)
        return await people.insert(tx, name, name_key(name), role, password_hash, int(time()))


async def _check_free(tx: Connection, name: str, but: str = "") -> None:
    known = await people.by_name(tx, name_key(name))
    if known is not None and known.account.person.person_id != but:
        raise InvalidInput(TAKEN)


async def _check_not_last(tx: Connection, account: Account) -> None:
    if not account.is_admin or account.is_disabled:
        return
    if not await people.admins_besides(tx, account.person.person_key):
        raise Conflict(LAST_ADMIN)


def _there(account: Account | None) -> Account:
    if account is None:
        raise NotFound(NOBODY)
    return account

"""Coming in: by a name and a password, or by a link that somebody was given.

Whether a name is unknown, a password wrong or both: the answer is the same, and so is the work.
"""

from dataclasses import dataclass

import structlog

from appliance.accounts.account import Account, SignedIn, Visitor
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.names import name_key
from appliance.accounts.passwords import Passwords
from appliance.accounts.people import People
from appliance.accounts.random_keys import new_key
from appliance.accounts.sign_ins import SignIns
from appliance.accounts.throttle import Throttle
from appliance.errors import InvalidInput
from appliance.store import people
from appliance.store.database import Database

WRONG = "That name and that password do not belong together. Try again."
NOT_YOURS = "That is not your password. Nothing was changed; type the one you have now."
DISABLED = "This account is disabled. Ask whoever looks after this box."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    """Somebody is in: the key of the sign-in, and the one by which the browser is known again."""

    account: Account
    key: str
    device_key: str


class Entrance:
    """The one place where anybody comes in."""

    def __init__(
        self,
        database: Database,
        people: People,
        passwords: Passwords,
        sign_ins: SignIns,
        throttle: Throttle,
        audit: AuditLog,
    ) -> None:
        self._database = database
        self._people = people
        self._passwords = passwords
        self._sign_ins = sign_ins
        self._throttle = throttle
        self._audit = audit

    async def sign_in(self, name: str, password: str, visitor: Visitor) -> Begun:
        """Raises TooManyTries, InvalidInput."""
        called = name_key(name[:1000])
        async with self._database.read() as reader:
            known = await people.by_name(reader, called)
        account = known.account if known else None
        account_key = account.person.person_key if account else None
        tried = await self._throttle.begin(called, account_key, visitor)
        is_right = await self._passwords.verify(known.password_hash if known else None, password)
        if account is None or known is None or not is_right:
            # An unknown name is not written down: it may be a password in the wrong field.
            about = account.person.name if account else ""
            await self._audit.note(None, Act.SIGN_IN_FAILED, None, about, visitor.address)
            log.info("a sign-in failed", address=visitor.address)
            raise InvalidInput(WRONG)
        if account.is_disabled:
            raise InvalidInput(DISABLED)
        await self._throttle.right(tried)
        await self._renew(account, known.password_hash, password)
        return await self._begin(account, visitor, password)

    async def change_password(
        self, signed_in: SignedIn, old: str, new: str, visitor: Visitor
    ) -> None:
        """Take another password for the one of now; every other browser is signed out.

        Raises TooManyTries: a page that was left open is no place to guess. InvalidInput.
        """
        person = signed_in.person
        tried = await self._throttle.begin(name_key(person.name), person.person_key, visitor)
        async with self._database.read() as reader:
            known = await people.by_name(reader, name_key(person.name))
        if not await self._passwords.verify(known.password_hash if known else None, old):
            raise InvalidInput(NOT_YOURS)
        await self._throttle.right(tried)
        await self._people.set_password(
            signed_in.account, new, old=old, but=signed_in.sign_in_id, address=visitor.address
        )

    async def set_up(self, key: str, name: str, password: str, visitor: Visitor) -> Begun:
        """By the box's own link. Raises LinkGone, InvalidInput."""
        account = await self._people.set_up(key, name, password, visitor.address)
        return await self._begin(account, visitor, password)

    async def join(self, key: str, name: str, password: str, visitor: Visitor) -> Begun:
        """By an invitation. Raises LinkGone, InvalidInput."""
        account = await self._people.join(key, name, password, visitor.address)
        return await self._begin(account, visitor, password)

    async def reset(self, key: str, password: str, visitor: Visitor) -> Begun:
        """By a reset. Raises LinkGone, InvalidInput."""
        account = await self._people.reset_password(key, password, visitor.address)
        if account.is_disabled:
            raise InvalidInput(DISABLED)
        return await self._begin(account, visitor, password)

    async def _begin(self, account: Account, visitor: Visitor, password: str) -> Begun:
        """Whoever was in there before is out: a browser is one person's at a time."""
        await self._audit.note(None, Act.SIGNED_IN, account.person, "", visitor.address)
        device_key = visitor.device_key or new_key()
        await self._throttle.know(account.person.person_key, device_key)
        await self._sign_ins.forget(visitor.sign_in_key)
        key = await self._sign_ins.begin(account, visitor.device, password)
        return Begun(account, key, device_key)

    async def _renew(self, account: Account, password_hash: str, password: str) -> None:
        """Keep the password at the cost that is usual now."""
        renewed = await self._passwords.renewed(password_hash, password)
        if renewed is not None:
            async with self._database.write() as tx:
                await people.set_password(tx, account.person.person_key, renewed)

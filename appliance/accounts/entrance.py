"""Coming in: by a name and a password, or by a link that somebody was given.

Whether a name is unknown, a password wrong or both: the answer is the same, and so is the work.
"""

from dataclasses import dataclass

import structlog

from appliance.accounts.account import Account, Visitor
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
        device_key = visitor.device_key or new_key()
        await self._throttle.right(tried)
        await self._renew(account, known.password_hash, password)
        return await self._begin(account, Act.SIGNED_IN, visitor, device_key, password)

    async def set_up(self, key: str, name: str, password: str, visitor: Visitor) -> Begun:
        """By the box's own link. Raises LinkGone, InvalidInput."""
        account = await self._people.set_up(key, name, password, visitor.address)
        return await self._begin(account, Act.SIGNED_IN, visitor, new_key(), password)

    async def join(self, key: str, name: str, password: str, visitor: Visitor) -> Begun:
        """By an invitation. Raises LinkGone, InvalidInput."""
        account = await self._people.join(key, name, password, visitor.address)
        return await self._begin(account, Act.SIGNED_IN, visitor, new_key(), password)

    async def reset(self, key: str, password: str, visitor: Visitor) -> Begun:
        """By a reset. Raises LinkGone, InvalidInput."""
        account = await self._people.reset_password(key, password, visitor.address)
        if account.is_disabled:
            raise InvalidInput(DISABLED)
        return await self._begin(account, Act.SIGNED_IN, visitor, new_key(), password)

    async def _begin(
        self, account: Account, act: Act, visitor: Visitor, device_key: str, password: str
    ) -> Begun:
        await self._audit.note(None, act, account.person, "", visitor.address)
        await self._throttle.know(account.person.person_key, device_key)
        key = await self._sign_ins.begin(account, visitor.device, password)
        return Begun(account, key, device_key)

    async def _renew(self, account: Account, password_hash: str, password: str) -> None:
        """Keep the password at the cost that is usual now."""
        renewed = await self._passwords.renewed(password_hash, password)
        if renewed is not None:
            async with self._database.write() as tx:
                await people.set_password(tx, account.person.person_key, renewed)

"""Coming in: by a name and a password, or by a link that somebody was given.

Whether a name is unknown, a password wrong or both: the answer is the same, and so is the work.
"""

from functools import partial

import structlog

from appliance.accounts.account import Account, SignedIn, Visitor
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.letting_in import DISABLED, Begun, LettingIn
from appliance.accounts.names import name_key
from appliance.accounts.passwords import Passwords
from appliance.accounts.people import People
from appliance.accounts.proving import Proving
from appliance.accounts.second_factor import SecondFactor
from appliance.accounts.second_step import HalfIn, SecondSteps
from appliance.accounts.sign_ins import CHANGED
from appliance.accounts.throttle import Throttle
from appliance.errors import InvalidInput
from appliance.sentences import say
from appliance.store import people
from appliance.store.database import Database

WRONG = say("That name and that password do not belong together. Try again.")

log = structlog.get_logger(__name__)


class Entrance:
    """The one place where anybody comes in."""

    def __init__(
        self,
        database: Database,
        people: People,
        passwords: Passwords,
        throttle: Throttle,
        audit: AuditLog,
        letting_in: LettingIn,
        second_factor: SecondFactor,
        second_steps: SecondSteps,
        proving: Proving,
    ) -> None:
        self._database = database
        self._people = people
        self._passwords = passwords
        self._throttle = throttle
        self._audit = audit
        self._letting_in = letting_in
        self._second_factor = second_factor
        self._second_steps = second_steps
        self._proving = proving

    async def sign_in(self, name: str, password: str, visitor: Visitor) -> Begun | HalfIn:
        """Half way only where a code is asked for, too. Raises TooManyTries, InvalidInput."""
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
        if (await self._second_factor.state(account.person)).is_on:
            return self._second_steps.begin(account, password)
        return await self._step_in(account, visitor, password)

    async def change_password(
        self, signed_in: SignedIn, old: str, new: str, visitor: Visitor
    ) -> None:
        """Take another password for the one of now; every other browser is signed out.

        Raises TooManyTries: a page that was left open is no place to guess. InvalidInput.
        """
        await self._proving.by_password(signed_in.account, old, visitor)
        await self._people.set_password(
            signed_in.account, new, old=old, but=signed_in.sign_in_id, address=visitor.address
        )

    async def set_up(self, key: str, name: str, password: str, visitor: Visitor) -> Begun:
        """By the box's own link. Raises LinkGone, InvalidInput."""
        account = await self._people.set_up(key, name, password, visitor.address)
        return await self._step_in(account, visitor, password)

    async def join(self, key: str, name: str, password: str, visitor: Visitor) -> Begun:
        """By an invitation. Raises LinkGone, InvalidInput."""
        account = await self._people.join(key, name, password, visitor.address)
        return await self._step_in(account, visitor, password)

    async def reset(self, key: str, password: str, visitor: Visitor) -> Begun:
        """By a reset. Raises LinkGone, InvalidInput."""
        account = await self._people.reset_password(key, password, visitor.address)
        if account.is_disabled:
            raise InvalidInput(DISABLED)
        return await self._step_in(account, visitor, password)

    async def _step_in(self, account: Account, visitor: Visitor, password: str) -> Begun:
        """Nothing more is asked for; looked at again in the write that lets them in."""
        none_is_asked = partial(
            self._second_factor.check_off, person=account.person, sentence=CHANGED
        )
        return await self._letting_in.let_in(account, visitor, password, also=none_is_asked)

    async def _renew(self, account: Account, password_hash: str, password: str) -> None:
        """Keep the password at the cost that is usual now."""
        renewed = await self._passwords.renewed(password_hash, password)
        if renewed is not None:
            async with self._database.write() as tx:
                await people.renew_password(tx, account.person.person_key, password_hash, renewed)

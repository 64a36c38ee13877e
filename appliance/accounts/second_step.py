"""Sign-ins that are half done: the password was right, and a code is still to come.

They are kept in memory for a few minutes, under a key that the browser holds. The password of a
sealed account has to wait with them, for it opens what is sealed: in memory that is not swapped,
and wiped when it is not needed any more.
"""

from dataclasses import dataclass

from appliance.accounts.account import Account, Visitor
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.brief import Brief
from appliance.accounts.letting_in import Begun, LettingIn
from appliance.accounts.locked_memory import LockedBytes
from appliance.accounts.names import name_key
from appliance.accounts.second_factor import SecondFactor
from appliance.accounts.throttle import Throttle
from appliance.errors import Conflict, InvalidInput
from appliance.sentences import say

TOO_LATE = say("That took too long, or the box was started again. Sign in once more.")


@dataclass(frozen=True, slots=True)
class HalfIn:
    """The key under which the sign-in goes on."""

    key: str


@dataclass(frozen=True, slots=True)
class _Half:
    account: Account
    password: LockedBytes | None

    def wipe(self) -> None:
        if self.password is not None:
            self.password.wipe()


class SecondSteps:
    """The way from the password to the sign-in."""

    def __init__(
        self,
        second_factor: SecondFactor,
        letting_in: LettingIn,
        throttle: Throttle,
        audit: AuditLog,
    ) -> None:
        self._second_factor = second_factor
        self._letting_in = letting_in
        self._throttle = throttle
        self._audit = audit
        self._waiting: Brief[_Half] = Brief(dropped=_Half.wipe)

    def begin(self, account: Account, password: str) -> HalfIn:
        """The password was right."""
        kept = LockedBytes(password.encode()) if account.is_sealed else None
        return HalfIn(self._waiting.put(account.person.person_key, _Half(account, kept)))

    def who(self, visitor: Visitor) -> Account | None:
        """Whose sign-in waits in that browser."""
        half = self._waiting.look(visitor.second_step_key)
        return half.account if half else None

    async def finish(self, typed: str, visitor: Visitor) -> Begun:
        """By a code. Raises TooManyTries, InvalidInput, Conflict when it is too late."""
        if (account := self.who(visitor)) is None:
            raise Conflict(TOO_LATE)
        await self.spend(account, typed, visitor)
        password = self.take_password(account, visitor)
        return await self._letting_in.let_in(account, visitor, password)

    async def spend(self, account: Account, typed: str, visitor: Visitor) -> None:
        """Take a code of this account; tries are counted beside those of the password, or each
        right password would make guessing codes free again. Raises as `finish`.
        """
        person = account.person
        tried = await self._throttle.begin(
            name_key(person.name), person.person_key, visitor, step="second"
        )
        try:
            await self._second_factor.spend(person, typed, visitor.address)
        except InvalidInput:
            await self._audit.note(None, Act.SECOND_STEP_FAILED, None, person.name, visitor.address)
            raise
        await self._throttle.right(tried)

    def take_password(self, account: Account, visitor: Visitor) -> str | None:
        """That which opens the account, if it waits here; nothing waits any more then."""
        if self.who(visitor) is None:
            return None
        half = self._waiting.take(visitor.second_step_key)
        if half is None:
            return None
        is_same = half.account.person.person_key == account.person.person_key
        password = bytes(half.password.view).decode() if half.password and is_same else None
        half.wipe()
        return password

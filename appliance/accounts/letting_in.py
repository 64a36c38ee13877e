"""The last step of every way in: the browser is signed in, known from now on, and it is noted."""

from dataclasses import dataclass
from functools import partial

from aiosqlite import Connection

from appliance.accounts.account import Account, Visitor
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.random_keys import new_key
from appliance.accounts.sign_ins import InSameWrite, SignIns, nothing_more
from appliance.accounts.throttle import Throttle
from appliance.sentences import say

DISABLED = say("This account is disabled. Ask whoever looks after this box.")


@dataclass(frozen=True, slots=True)
class Begun:
    """Somebody is in: the key of the sign-in, and the one by which the browser is known again."""

    account: Account
    key: str
    device_key: str


class LettingIn:
    """Whoever calls it has seen all that the account asks for."""

    def __init__(self, sign_ins: SignIns, throttle: Throttle, audit: AuditLog) -> None:
        self._sign_ins = sign_ins
        self._throttle = throttle
        self._audit = audit

    async def let_in(
        self,
        account: Account,
        visitor: Visitor,
        password: str | None,
        act: Act = Act.SIGNED_IN,
        also: InSameWrite = nothing_more,
    ) -> Begun:
        """Whoever was in there before is out: a browser is one person's at a time.

        `also` is written with the sign-in or not at all. Raises InvalidInput when the account is
        another one since.
        """
        noted = partial(self._note, account, visitor, act, also)
        key = await self._sign_ins.begin(account, visitor.device, password, noted)
        device_key = visitor.device_key or new_key()
        await self._throttle.know(account.person.person_key, device_key)
        await self._sign_ins.forget(visitor.sign_in_key)
        return Begun(account, key, device_key)

    async def _note(
        self, account: Account, visitor: Visitor, act: Act, also: InSameWrite, tx: Connection
    ) -> None:
        await self._audit.note(tx, act, account.person, "", visitor.address)
        await also(tx)

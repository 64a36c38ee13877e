"""Somebody who is signed in shows once more that it is they: by their password, or by a code.

A page that was left open is not enough to change what lets them in.
"""

from appliance.accounts.account import Account, Visitor
from appliance.accounts.names import name_key
from appliance.accounts.passwords import Passwords
from appliance.accounts.second_step import SecondSteps
from appliance.accounts.throttle import Throttle
from appliance.errors import InvalidInput
from appliance.sentences import say
from appliance.store import people
from appliance.store.database import Database

NOT_YOURS = say("That is not your password. Nothing was changed; type the one you have now.")


class Proving:
    """Tries count like those of the sign-in."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        throttle: Throttle,
        second_steps: SecondSteps,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._throttle = throttle
        self._second_steps = second_steps

    async def by_password(self, account: Account, password: str, visitor: Visitor) -> None:
        """Raises InvalidInput, TooManyTries."""
        person = account.person
        called = name_key(person.name)
        tried = await self._throttle.begin(called, person.person_key, visitor)
        async with self._database.read() as reader:
            known = await people.by_name(reader, called)
        if not await self._passwords.verify(known.password_hash if known else None, password):
            raise InvalidInput(NOT_YOURS)
        await self._throttle.right(tried)

    async def by_either(self, account: Account, password: str, code: str, visitor: Visitor) -> None:
        """By the code where one was typed. Raises InvalidInput, TooManyTries, Conflict."""
        if code.strip():
            await self._second_steps.spend(account, code, visitor)
        else:
            await self.by_password(account, password, visitor)

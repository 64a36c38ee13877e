"""Somebody who is signed in shows once more that they know their password, or their recovery code.

A cookie alone opens no sealed account, and seals none. Tries count like those of the sign-in.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from appliance.accounts.account import Visitor
from appliance.accounts.names import name_key
from appliance.accounts.passwords import Passwords
from appliance.accounts.sealed_accounts import SealedAccounts
from appliance.accounts.throttle import Throttle
from appliance.conversations.conversation import Person
from appliance.errors import InvalidInput
from appliance.sentences import say
from appliance.store import people
from appliance.store.database import Database

_WRONG = say(
    "That is not your password, so nothing was changed. Type the one that you sign in with."
)


class Opening:
    """Asks, and opens."""

    def __init__(
        self,
        database: Database,
        accounts: SealedAccounts,
        passwords: Passwords,
        throttle: Throttle,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._passwords = passwords
        self._throttle = throttle

    async def check(self, person: Person, password: str, visitor: Visitor) -> None:
        """Raises InvalidInput unless that is the account's password, TooManyTries."""
        async with self._counted(person, visitor):
            await self._check(person, password)

    async def open(self, person: Person, password: str, visitor: Visitor) -> None:
        """With the password that the account was locked with: after a reset, the one before it.

        Raises InvalidInput, TooManyTries.
        """
        async with self._counted(person, visitor):
            await self._accounts.open(person, password)

    async def open_by_code(
        self, person: Person, code: str, password: str, visitor: Visitor
    ) -> None:
        """With the recovery code; from now on the account's password opens it again.

        Raises InvalidInput, TooManyTries.
        """
        async with self._counted(person, visitor):
            await self._check(person, password)
            await self._accounts.open_by_code(person, code, password)

    async def _check(self, person: Person, password: str) -> None:
        async with self._database.read() as reader:
            known = await people.by_name(reader, name_key(person.name))
        if not await self._passwords.verify(known.password_hash if known else None, password):
            raise InvalidInput(_WRONG)

    @asynccontextmanager
    async def _counted(self, person: Person, visitor: Visitor) -> AsyncIterator[None]:
        """A try that fails unless the block is left well."""
        tried = await self._throttle.begin(name_key(person.name), person.person_key, visitor)
        yield
        await self._throttle.right(tried)

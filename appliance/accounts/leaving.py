"""Leaving: an account ends with everything that was said in it."""

from typing import Protocol

from appliance.accounts.account import Account
from appliance.accounts.names import name_key
from appliance.accounts.people import People
from appliance.conversations.conversation import Person
from appliance.conversations.deleted import DeleteReceipt
from appliance.errors import InvalidInput
from appliance.sentences import say


class Holdings(Protocol):
    """What is kept of a person."""

    async def end_all_of(self, person: Person) -> DeleteReceipt:
        """Delete all of it."""
        ...


class Leaving:
    """Nobody comes in while their things are carried out: so the account is disabled first. When
    that breaks off, doing it again goes on.
    """

    def __init__(self, people: People, holdings: Holdings) -> None:
        self._people = people
        self._holdings = holdings

    async def leave(
        self, by: Person | None, person_id: str, confirmation: str, address: str = ""
    ) -> DeleteReceipt:
        """Delete an account and all it holds; `confirmation` is its name.

        Raises InvalidInput, NotFound, Conflict for the last admin, StoreError.
        """
        account = await self._people.find(person_id)
        name = account.person.name
        if name_key(confirmation) != name_key(name):
            raise InvalidInput(
                say(
                    "Nothing was deleted. To delete the account, type its name: %(name)s", name=name
                )
            )
        account = await self._end(by, account, address)
        receipt = await self._holdings.end_all_of(account.person)
        await self._people.delete(by, account, address)
        return receipt

    async def _end(self, by: Person | None, account: Account, address: str) -> Account:
        if account.is_disabled:
            return account
        return await self._people.disable(by, account.person.person_id, address)

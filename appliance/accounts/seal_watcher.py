"""Opens a sealed account with the password of whoever comes in, and closes it after them."""

from contextlib import suppress

from appliance.accounts.account import Account
from appliance.accounts.sealed_accounts import SealedAccounts
from appliance.conversations.conversation import Person
from appliance.errors import InvalidInput


class SealWatcher:
    """A SignInWatcher."""

    def __init__(self, accounts: SealedAccounts) -> None:
        self._accounts = accounts

    async def signed_in(self, account: Account, password: str | None) -> None:
        """A password that is newer than the seal's opens nothing: the page asks for another way."""
        self._accounts.come_in(account.person)
        if account.is_sealed and password is not None:
            with suppress(InvalidInput):
                await self._accounts.open(account.person, password)

    async def signed_out(self, person: Person, was_last: bool) -> None:
        if was_last:
            await self._accounts.close_soon(person)

    async def password_changed(self, account: Account, old: str | None, new: str) -> None:
        await self._accounts.change_password(account.person, old, new)

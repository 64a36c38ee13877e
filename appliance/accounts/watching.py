"""Who is told when somebody comes in and goes; for what is open only while they are there."""

from collections.abc import Sequence
from typing import Protocol

from appliance.accounts.account import Account
from appliance.conversations.conversation import Person


class SignInWatcher(Protocol):
    """Told after it has happened, in the order in which it happened."""

    async def signed_in(self, account: Account, password: str | None) -> None:
        """Somebody came in; with the password, unless they came by a link."""

    async def signed_out(self, person: Person, was_last: bool) -> None:
        """A browser is out; `was_last` when it was the last one they were in."""

    async def password_changed(self, account: Account, old: str | None, new: str) -> None:
        """A password is another one; the old one is not known when it was reset by a link."""


Watchers = Sequence[SignInWatcher]

"""What the command line does with accounts; the same in a box that runs and one that does not.

Whoever may start these may read the database, too, so nobody is asked for a password. Nor is one
typed here: a new account, or one whose password is lost, gets a link.
"""

from typing import NamedTuple

from appliance.accounts.account import Account, AccountRole
from appliance.accounts.leaving import Leaving
from appliance.accounts.one_time_links import OneTimeLinks
from appliance.accounts.passwords import Passwords
from appliance.accounts.people import People
from appliance.errors import Conflict, InvalidInput

NOT_SET_UP = "This box is not set up yet. Do that first: appliance setup"
NOBODY = "Nobody has an account here yet. The box is set up with: appliance setup"


class AccountWish(NamedTuple):
    """What is to be done: `act` is the name of the command."""

    act: str
    name: str = ""
    role: str = ""
    confirmation: str = ""


class AccountErrands:
    """`address` is where the page is, for links."""

    def __init__(
        self,
        people: People,
        passwords: Passwords,
        links: OneTimeLinks,
        leaving: Leaving,
        address: str,
    ) -> None:
        self._people = people
        self._passwords = passwords
        self._links = links
        self._leaving = leaving
        self._address = address

    async def do(self, wish: AccountWish) -> list[str]:
        """Do it, and say what was done. Raises InvalidInput, NotFound, Conflict."""
        if wish.act == "setup":
            return self._setup()
        if wish.act == "list":
            return await self._list()
        if wish.act == "add":
            return await self._add(wish.name, AccountRole(wish.role))
        account = await self._people.named(wish.name)
        person = account.person
        match wish.act:
            case "reset":
                return await self._reset(account)
            case "disable":
                await self._people.disable(None, person.person_id)
                return [f"{person.name} is disabled, and signed out everywhere."]
            case "enable":
                await self._people.enable(None, person.person_id)
                return [f"{person.name} may sign in again."]
            case "role":
                changed = await self._people.set_role(
                    None, person.person_id, AccountRole(wish.role)
                )
                return [f"{person.name} is {changed.role} now."]
            case "remove":
                gone = await self._leaving.leave(None, person.person_id, wish.confirmation)
                return [f"The account {person.name} is gone, with {gone.messages} messages."]
        raise InvalidInput("The box does not know this errand; it may be an older version.")

    def _setup(self) -> list[str]:
        if self._people.is_set_up:
            raise Conflict("This box is set up already. See its accounts: appliance user list")
        return [f"Set up the box: {self._address}/setup/{self._links.setup_key()}"]

    async def _list(self) -> list[str]:
        accounts = await self._people.list()
        return [_line(account) for account in accounts] or [NOBODY]

    async def _add(self, name: str, role: AccountRole) -> list[str]:
        if not self._people.is_set_up:
            raise Conflict(NOT_SET_UP)
        account = await self._people.make(name, self._passwords.of_nobody, role)
        return await self._reset(account)

    async def _reset(self, account: Account) -> list[str]:
        key = await self._links.reset(None, account)
        link = f"{self._address}/resets/{key}"
        return [f"{account.person.name} chooses a password here, within a day, once: {link}"]


def _line(account: Account) -> str:
    state = ", disabled" if account.is_disabled else ""
    return f"{account.person.name}  ({account.role}{state})"

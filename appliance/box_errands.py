"""All that the command line may ask of a box: about somebody's data, and about accounts."""

from dataclasses import dataclass

from appliance.accounts.errands import AccountErrands
from appliance.accounts.leaving import Leaving
from appliance.accounts.people import People
from appliance.conversations.conversation import Person
from appliance.errors import InvalidInput
from appliance.front_door import FrontDoor
from appliance.portable.belongings import Belongings
from appliance.portable.errands import Errands
from appliance.portable.imports import Imports
from appliance.portable.takeout import Takeout


@dataclass(frozen=True, slots=True)
class BoxErrands:
    """`owner` has what was said before there were accounts."""

    owner: Person
    people: People
    takeout: Takeout
    imports: Imports
    belongings: Belongings
    accounts: AccountErrands

    async def of(self, name: str) -> Errands:
        """Those of one person, who need not be named when there is no other.

        Raises NotFound, InvalidInput.
        """
        return Errands(await self._person(name), self.takeout, self.imports, self.belongings)

    async def _person(self, name: str) -> Person:
        if name:
            return (await self.people.named(name)).person
        accounts = await self.people.list()
        if len(accounts) > 1:
            names = ", ".join(each.person.name for each in accounts)
            raise InvalidInput(
                f"Several people have something here: say whose with --person ({names})."
            )
        return accounts[0].person if accounts else self.owner


def box_errands(
    owner: Person,
    door: FrontDoor,
    takeout: Takeout,
    imports: Imports,
    belongings: Belongings,
    address: str,
) -> BoxErrands:
    """Join them; `address` is where the page is."""
    leaving = Leaving(door.people, belongings)
    accounts = AccountErrands(door.people, door.passwords, door.links, leaving, address)
    return BoxErrands(owner, door.people, takeout, imports, belongings, accounts)

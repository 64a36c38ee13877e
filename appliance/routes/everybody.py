"""The page of everybody, put together from what accounts, sign-ins and the store know of each."""

from litestar.di import NamedDependency
from litestar.plugins.htmx import HTMXRequest

from appliance.accounts.people import People
from appliance.accounts.sign_ins import SignIns
from appliance.administration.storage import Storage
from appliance.conversations.conversation import Person
from appliance.routes.account_data import NewLinkView
from appliance.routes.admin_data import PeoplePageView
from appliance.routes.admin_people_views import people_page_view
from appliance.routes.page_views import Reader


class Everybody:
    """For one request of an admin."""

    def __init__(
        self, reader: Reader, you: Person, people: People, sign_ins: SignIns, storage: Storage
    ) -> None:
        self._reader = reader
        self._you = you
        self._people = people
        self._sign_ins = sign_ins
        self._storage = storage

    async def page(
        self, *, done: str = "", made: NewLinkView | None = None, made_for: str = ""
    ) -> PeoplePageView:
        """How it is now; with what was just done."""
        accounts = await self._people.list()
        seen = await self._sign_ins.last_seen()
        stored = await self._storage.of_everybody(tuple(each.person for each in accounts))
        return people_page_view(
            self._reader, self._you, accounts, seen, stored, done=done, made=made, made_for=made_for
        )


async def everybody(
    request: HTMXRequest,
    person: NamedDependency[Person],
    people: NamedDependency[People],
    sign_ins: NamedDependency[SignIns],
    storage: NamedDependency[Storage],
) -> Everybody:
    """For one request."""
    return Everybody(Reader.of(request), person, people, sign_ins, storage)

"""What an admin does is noted, in one way for all of their pages."""

from litestar.di import NamedDependency
from litestar.plugins.htmx import HTMXRequest

from appliance.accounts.audit import Act, AuditLog
from appliance.conversations.conversation import Person
from appliance.routes.cookies import address_of


class Noting:
    """Notes what the person who sends this request has done."""

    def __init__(self, audit: AuditLog, person: Person, address: str) -> None:
        self._audit = audit
        self.person = person
        self.address = address

    async def note(self, act: Act, about: str = "") -> None:
        """One more line of the record."""
        await self._audit.note(None, act, self.person, about, self.address)


async def noting(
    request: HTMXRequest, audit: NamedDependency[AuditLog], person: NamedDependency[Person]
) -> Noting:
    """For one request."""
    return Noting(audit, person, address_of(request))

"""Who may come in, for whoever looks after the box: names, counts and bytes, and no word of theirs.

Plain forms. Whatever is done is noted by what does it, in the same transaction.
"""

from dataclasses import dataclass
from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Access, AccountRole
from appliance.accounts.leaving import Leaving
from appliance.accounts.one_time_links import RESET_SECONDS, OneTimeLinks
from appliance.accounts.people import People
from appliance.errors import InvalidInput
from appliance.routes.account_data import NewLinkView
from appliance.routes.everybody import Everybody
from appliance.routes.fragments import whole_page
from appliance.routes.invitations import new_link_view
from appliance.routes.noting import Noting
from appliance.sentences import say

_ADMIN = {"access": Access.ADMIN}
_ROLE = say("Choose whether this person is a member or an admin.")

Done = Annotated[str, QueryParameter(name="done", max_length=20)]


@dataclass(frozen=True, slots=True)
class RoleForm:
    """Which role."""

    role: str = ""


@dataclass(frozen=True, slots=True)
class StateForm:
    """Whether the account may be used."""

    disabled: str = ""


@dataclass(frozen=True, slots=True)
class DeletionForm:
    """The name of the account, typed to confirm."""

    confirmation: str = ""


@get(["/admin", "/admin/people"], include_in_schema=False, opt=_ADMIN)
async def show(everybody: NamedDependency[Everybody], done: Done = "") -> Template:
    """Everybody, with how much they take."""
    return whole_page(await everybody.page(done=done))


@post("/admin/people/{person_id:str}/role", include_in_schema=False, opt=_ADMIN)
async def set_role(
    people: NamedDependency[People],
    noting: NamedDependency[Noting],
    person_id: FromPath[str],
    data: URLEncodedBody[RoleForm],
) -> Redirect:
    """Make somebody an admin, or one no more."""
    if data.role not in set(AccountRole):
        raise InvalidInput(_ROLE)
    await people.set_role(noting.person, person_id, AccountRole(data.role), noting.address)
    return _back("role")


@post("/admin/people/{person_id:str}/state", include_in_schema=False, opt=_ADMIN)
async def set_state(
    people: NamedDependency[People],
    noting: NamedDependency[Noting],
    person_id: FromPath[str],
    data: URLEncodedBody[StateForm],
) -> Redirect:
    """Let somebody in no more, or again."""
    if data.disabled == "yes":
        await people.disable(noting.person, person_id, noting.address)
        return _back("disabled")
    await people.enable(noting.person, person_id, noting.address)
    return _back("enabled")


@post(
    "/admin/people/{person_id:str}/reset-links",
    status_code=200,
    include_in_schema=False,
    opt=_ADMIN,
)
async def make_reset_link(
    request: HTMXRequest,
    everybody: NamedDependency[Everybody],
    people: NamedDependency[People],
    links: NamedDependency[OneTimeLinks],
    noting: NamedDependency[Noting],
    person_id: FromPath[str],
) -> Template:
    """A link with which somebody chooses another password; it is shown this once."""
    account = await people.find(person_id)
    key = await links.reset(noting.person, account, noting.address)
    made: NewLinkView = new_link_view(request, f"/resets/{key}", RESET_SECONDS)
    return whole_page(await everybody.page(made=made, made_for=account.person.name))


@post("/admin/people/{person_id:str}/deletion", include_in_schema=False, opt=_ADMIN)
async def delete(
    leaving: NamedDependency[Leaving],
    noting: NamedDependency[Noting],
    person_id: FromPath[str],
    data: URLEncodedBody[DeletionForm],
) -> Redirect:
    """Delete an account with everything that was said in it."""
    await leaving.leave(noting.person, person_id, data.confirmation, noting.address)
    return _back("deleted")


def _back(done: str) -> Redirect:
    return Redirect(f"/admin/people?done={done}", status_code=303)

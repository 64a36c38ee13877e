"""How much everybody may ask of the model, and how much they did: numbers, and nothing else."""

from dataclasses import dataclass
from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Access
from appliance.accounts.limit import Limit, accepted_limit
from appliance.accounts.limits import Limits
from appliance.accounts.people import People
from appliance.accounts.usage import Usage
from appliance.errors import InvalidInput
from appliance.routes.admin_limit_views import DONE, limits_page_view
from appliance.routes.fragments import whole_page
from appliance.routes.noting import Noting
from appliance.routes.page_views import Reader
from appliance.sentences import say

_ADMIN = {"access": Access.ADMIN}
_NO_NUMBER = say("Type whole numbers without signs; 0 is no limit. Nothing was changed.")

Done = Annotated[str, QueryParameter(name="done", max_length=20)]


@dataclass(frozen=True, slots=True)
class LimitForm:
    """Two numbers; with `usual` those of whatever is above it hold again."""

    requests: str = ""
    tokens: str = ""
    usual: str = ""


@get("/admin/limits", include_in_schema=False, opt=_ADMIN)
async def show(
    request: HTMXRequest,
    limits: NamedDependency[Limits],
    usage: NamedDependency[Usage],
    people: NamedDependency[People],
    done: Done = "",
) -> Template:
    """What holds for everybody, and for each who has a limit of their own."""
    accounts = await people.list()
    own = {
        each.person.person_id: await limits.of_person(each.person.person_id) for each in accounts
    }
    used = {each.person_id: each.tally for each in await usage.by_person()}
    view = limits_page_view(
        Reader.of(request).theme, await limits.of_everybody(), accounts, own, used
    )
    return whole_page(view.after(done if done in DONE else ""))


@post("/admin/limits", include_in_schema=False, opt=_ADMIN)
async def set_of_everybody(
    limits: NamedDependency[Limits],
    noting: NamedDependency[Noting],
    data: URLEncodedBody[LimitForm],
) -> Redirect:
    """Another limit for whoever has none of their own."""
    await limits.set_of_everybody(_limit(data), noting.person, noting.address)
    return _back("everybody")


@post("/admin/people/{person_id:str}/limit", include_in_schema=False, opt=_ADMIN)
async def set_of_person(
    limits: NamedDependency[Limits],
    noting: NamedDependency[Noting],
    person_id: FromPath[str],
    data: URLEncodedBody[LimitForm],
) -> Redirect:
    """A limit of somebody's own, or everybody's again."""
    await limits.set_of_person(person_id, _limit(data), noting.person, noting.address)
    return _back("person")


def _limit(form: LimitForm) -> Limit | None:
    """What was typed; None for what holds otherwise. Raises InvalidInput."""
    if form.usual == "yes":
        return None
    typed = [text.strip() for text in (form.requests, form.tokens)]
    if not all(text.isascii() and text.isdigit() and len(text) < 20 for text in typed):
        raise InvalidInput(_NO_NUMBER)
    return accepted_limit(*map(int, typed))


def _back(done: str) -> Redirect:
    return Redirect(f"/admin/limits?done={done}", status_code=303)

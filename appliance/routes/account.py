"""One's own account: name, password, where one is signed in, and its end.

Plain forms, answered with the page that says what was done.
"""

from dataclasses import dataclass, replace

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Account, SignedIn
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.entrance import Entrance
from appliance.accounts.leaving import Leaving
from appliance.accounts.people import People
from appliance.accounts.sign_ins import SignIns
from appliance.errors import Conflict, InvalidInput
from appliance.routes.account_views import account_page, left_page
from appliance.routes.cookies import address_of, visitor_of, without_sign_in
from appliance.routes.fragments import whole_page
from appliance.routes.page_views import Reader


@dataclass(frozen=True, slots=True)
class NameForm:
    """Another name."""

    name: str


@dataclass(frozen=True, slots=True)
class PasswordForm:
    """The password of now, and the next one."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class LeavingForm:
    """One's own name, typed to confirm."""

    confirmation: str = ""


@get("/account", include_in_schema=False)
async def show(
    request: HTMXRequest,
    sign_ins: NamedDependency[SignIns],
    signed_in: NamedDependency[SignedIn],
) -> Template:
    """The page."""
    devices = await sign_ins.devices(signed_in.person)
    return whole_page(account_page(Reader.of(request), signed_in, devices))


@post("/account/name", status_code=200, include_in_schema=False)
async def rename(
    request: HTMXRequest,
    people: NamedDependency[People],
    sign_ins: NamedDependency[SignIns],
    signed_in: NamedDependency[SignedIn],
    data: URLEncodedBody[NameForm],
) -> Template:
    """Another name."""
    try:
        account = await people.rename(signed_in.person, data.name, address_of(request))
    except InvalidInput as error:
        return await _again(request, sign_ins, signed_in, refusal=str(error))
    return await _again(request, sign_ins, replace(signed_in, account=account), done="name")


@post("/account/password", status_code=200, include_in_schema=False)
async def change_password(
    request: HTMXRequest,
    entrance: NamedDependency[Entrance],
    sign_ins: NamedDependency[SignIns],
    signed_in: NamedDependency[SignedIn],
    data: URLEncodedBody[PasswordForm],
) -> Template:
    """Another password; every other browser is out."""
    try:
        await entrance.change_password(signed_in, data.old, data.new, visitor_of(request))
    except InvalidInput as error:
        return await _again(request, sign_ins, signed_in, refusal=str(error))
    return await _again(request, sign_ins, signed_in, done="password")


@post("/account/devices/{sign_in_id:str}/deletion", include_in_schema=False)
async def sign_device_out(
    sign_ins: NamedDependency[SignIns],
    signed_in: NamedDependency[SignedIn],
    sign_in_id: FromPath[str],
) -> Redirect:
    """Sign one browser out."""
    await sign_ins.end(signed_in.person, sign_in_id)
    return Redirect("/account", status_code=303)


@post("/account/devices/deletion", include_in_schema=False)
async def sign_all_out(
    request: HTMXRequest,
    sign_ins: NamedDependency[SignIns],
    account: NamedDependency[Account],
    audit: NamedDependency[AuditLog],
) -> Redirect:
    """Sign out everywhere, here too."""
    await sign_ins.end_all(account.person)
    await audit.note(None, Act.SIGNED_OUT_EVERYWHERE, account.person, "", address_of(request))
    answer = Redirect("/sign-in", status_code=303)
    answer.cookies = without_sign_in(request)
    return answer


@post("/account/deletion", status_code=200, include_in_schema=False)
async def leave(
    request: HTMXRequest,
    leaving: NamedDependency[Leaving],
    sign_ins: NamedDependency[SignIns],
    signed_in: NamedDependency[SignedIn],
    data: URLEncodedBody[LeavingForm],
) -> Template:
    """Delete the account with everything that was said in it."""
    person = signed_in.person
    try:
        receipt = await leaving.leave(
            person, person.person_id, data.confirmation, address_of(request)
        )
    except (InvalidInput, Conflict) as error:
        return await _again(request, sign_ins, signed_in, refusal=str(error))
    page = whole_page(left_page(Reader.of(request), receipt))
    page.cookies = without_sign_in(request)
    return page


async def _again(
    request: HTMXRequest,
    sign_ins: SignIns,
    signed_in: SignedIn,
    *,
    done: str = "",
    refusal: str = "",
) -> Template:
    devices = await sign_ins.devices(signed_in.person)
    view = account_page(Reader.of(request), signed_in, devices)
    page = whole_page(replace(view, done=done, refusal=refusal))
    page.status_code = 422 if refusal else 200
    return page

"""Signing in and out."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from litestar.plugins.htmx import ClientRedirect, HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Access, SignedIn
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.entrance import Entrance
from appliance.accounts.sign_ins import SignIns
from appliance.errors import InvalidInput, TooManyTries
from appliance.routes.account_data import SignInPage
from appliance.routes.cookies import (
    address_of,
    cookies_of,
    sign_in_key,
    visitor_of,
    without_sign_in,
)
from appliance.routes.fragments import whole_page
from appliance.routes.next_page import inside
from appliance.routes.page_views import Reader

NextPage = Annotated[str, QueryParameter(name="next")]
WasOut = Annotated[str, QueryParameter(name="out", max_length=3)]


@dataclass(frozen=True, slots=True)
class SignInForm:
    """What the form sends."""

    name: str = ""
    password: str = ""
    next_page: str = "/"


@get("/sign-in", include_in_schema=False, opt={"access": Access.ANYONE})
async def show(
    request: HTMXRequest,
    sign_ins: NamedDependency[SignIns],
    next_page: NextPage = "/",
    out: WasOut = "",
) -> Template | Redirect:
    """The form; whoever is in already goes on."""
    if await sign_ins.who(sign_in_key(request)):
        return Redirect(inside(next_page), status_code=303)
    return whole_page(SignInPage(Reader.of(request).theme, inside(next_page), out == "yes"))


@post("/sign-in", include_in_schema=False, opt={"access": Access.ANYONE})
async def sign_in(
    request: HTMXRequest,
    entrance: NamedDependency[Entrance],
    sign_ins: NamedDependency[SignIns],
    data: URLEncodedBody[SignInForm],
) -> Template | Redirect:
    """Come in, and go where one wanted to."""
    try:
        begun = await entrance.sign_in(data.name, data.password, visitor_of(request))
    except (InvalidInput, TooManyTries) as error:
        return _refused(request, data, error)
    answer = Redirect(inside(data.next_page), status_code=303)
    answer.cookies = cookies_of(request, begun, sign_ins)
    return answer


@post("/sign-out", include_in_schema=False)
async def sign_out(
    request: HTMXRequest,
    sign_ins: NamedDependency[SignIns],
    signed_in: NamedDependency[SignedIn],
    audit: NamedDependency[AuditLog],
) -> Response[Any] | Redirect:
    """Out in this browser; what is open in other tabs of it ends."""
    if signed_in.sign_in_id is not None:
        await sign_ins.end(signed_in.person, signed_in.sign_in_id)
    await audit.note(None, Act.SIGNED_OUT, signed_in.person, "", address_of(request))
    if request.htmx:
        answer: Response[Any] | Redirect = ClientRedirect("/sign-in")
        answer.status_code = 200
    else:
        answer = Redirect("/sign-in", status_code=303)
    answer.cookies = without_sign_in(request)
    return answer


def _refused(
    request: HTMXRequest, data: SignInForm, error: InvalidInput | TooManyTries
) -> Template:
    """The form again, with the name as it was typed."""
    view = SignInPage(
        Reader.of(request).theme, inside(data.next_page), False, data.name[:1000], str(error)
    )
    page = whole_page(view)
    page.status_code = 422
    if isinstance(error, TooManyTries):
        page.status_code = 429
        page.headers["Retry-After"] = str(error.retry_after_seconds)
    return page

"""Signing in and out."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from litestar.plugins.htmx import ClientRedirect, HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Access, SignedIn
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.chosen_languages import ChosenLanguages
from appliance.accounts.entrance import Entrance
from appliance.accounts.letting_in import Begun
from appliance.accounts.passkeys import Passkeys
from appliance.accounts.second_step import HalfIn
from appliance.accounts.sign_ins import SignIns
from appliance.errors import InvalidInput, TooManyTries
from appliance.routes.cookies import (
    address_of,
    cookies_of,
    half_in_cookie,
    sign_in_key,
    visitor_of,
    without_sign_in,
)
from appliance.routes.door_views import refused, sign_in_page
from appliance.routes.fragments import whole_page
from appliance.routes.languages import own_language
from appliance.routes.next_page import inside

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
    passkeys: NamedDependency[Passkeys],
    next_page: NextPage = "/",
    out: WasOut = "",
) -> Template | Redirect:
    """The form; whoever is in already goes on."""
    if await sign_ins.who(sign_in_key(request)):
        return Redirect(inside(next_page), status_code=303)
    return whole_page(await sign_in_page(request, passkeys, next_page, was_out=out == "yes"))


@post("/sign-in", include_in_schema=False, opt={"access": Access.ANYONE})
async def sign_in(
    request: HTMXRequest,
    entrance: NamedDependency[Entrance],
    passkeys: NamedDependency[Passkeys],
    sign_ins: NamedDependency[SignIns],
    chosen_languages: NamedDependency[ChosenLanguages],
    data: URLEncodedBody[SignInForm],
) -> Template | Redirect:
    """Come in, and go where one wanted to; or on to the code, where one is asked for."""
    try:
        begun = await entrance.sign_in(data.name, data.password, visitor_of(request))
    except (InvalidInput, TooManyTries) as error:
        view = await sign_in_page(
            request, passkeys, data.next_page, name=data.name, refusal=error.sentence
        )
        return refused(view, error)
    if isinstance(begun, HalfIn):
        next_page = quote(inside(data.next_page), safe="/")
        on = Redirect(f"/sign-in/code?next={next_page}", status_code=303)
        on.cookies = [half_in_cookie(request, begun)]
        return on
    return await come_in(request, begun, data.next_page, sign_ins, chosen_languages)


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


async def come_in(
    request: HTMXRequest,
    begun: Begun,
    next_page: str,
    sign_ins: SignIns,
    chosen_languages: ChosenLanguages,
) -> Redirect:
    """The last answer of every way in."""
    answer = Redirect(inside(next_page), status_code=303)
    answer.cookies = [
        *cookies_of(request, begun, sign_ins),
        *await own_language(request, chosen_languages, begun.account.person),
    ]
    return answer

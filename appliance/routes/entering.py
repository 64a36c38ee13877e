"""What one-time links lead to: the box's setup, an invitation, another password.

The key stands in the address, which is not logged; what is logged of a request is its route.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Access, Account, LinkPurpose
from appliance.accounts.entrance import Entrance
from appliance.accounts.letting_in import Begun
from appliance.accounts.one_time_links import GONE, OneTimeLinks
from appliance.accounts.passwords import SHORTEST
from appliance.accounts.people import SET_UP_ALREADY, People
from appliance.accounts.sign_ins import SignIns
from appliance.errors import InvalidInput, LinkGone, TooManyTries
from appliance.routes.account_data import LinkGonePage, LinkPage, NotSetUpPage, WelcomePage
from appliance.routes.cookies import cookies_of, visitor_of
from appliance.routes.fragments import whole_page
from appliance.routes.page_views import Reader

ANYONE = {"access": Access.ANYONE}


@dataclass(frozen=True, slots=True)
class LinkForm:
    """What the form sends; a reset needs no name."""

    password: str
    name: str = ""


@get("/setup", include_in_schema=False, opt=ANYONE)
async def not_set_up(request: HTMXRequest, people: NamedDependency[People]) -> Template | Redirect:
    """Where the link is; what every page leads to before there are accounts."""
    if people.is_set_up:
        return Redirect("/", status_code=303)
    return whole_page(NotSetUpPage(Reader.of(request).theme))


@get("/setup/{key:str}", include_in_schema=False, opt=ANYONE)
async def show_setup(
    request: HTMXRequest,
    people: NamedDependency[People],
    links: NamedDependency[OneTimeLinks],
    key: FromPath[str],
) -> Template:
    """The first admin chooses name and password."""
    if people.is_set_up:
        raise LinkGone(SET_UP_ALREADY)
    if not links.is_setup_key(key):
        raise LinkGone(GONE)
    return whole_page(_page(request, LinkPurpose.SETUP))


@post("/setup/{key:str}", include_in_schema=False, opt=ANYONE)
async def set_up(
    request: HTMXRequest,
    entrance: NamedDependency[Entrance],
    sign_ins: NamedDependency[SignIns],
    key: FromPath[str],
    data: URLEncodedBody[LinkForm],
) -> Template | Redirect:
    """Make the first admin, and let them in."""
    coming = entrance.set_up(key, data.name, data.password, visitor_of(request))
    return await _entered(request, sign_ins, coming, _page(request, LinkPurpose.SETUP, data.name))


@get("/invitations/{key:str}", include_in_schema=False, opt=ANYONE)
async def show_invitation(
    request: HTMXRequest, links: NamedDependency[OneTimeLinks], key: FromPath[str]
) -> Template:
    """Somebody who is invited chooses name and password."""
    link = await links.look(key, LinkPurpose.INVITATION)
    return whole_page(_page(request, link.purpose, made_by=link.made_by))


@post("/invitations/{key:str}", include_in_schema=False, opt=ANYONE)
async def join(
    request: HTMXRequest,
    links: NamedDependency[OneTimeLinks],
    entrance: NamedDependency[Entrance],
    sign_ins: NamedDependency[SignIns],
    key: FromPath[str],
    data: URLEncodedBody[LinkForm],
) -> Template | Redirect:
    """Make the account, and let them in."""
    link = await links.look(key, LinkPurpose.INVITATION)
    page = _page(request, link.purpose, data.name, link.made_by)
    coming = entrance.join(key, data.name, data.password, visitor_of(request))
    return await _entered(request, sign_ins, coming, page)


@get("/resets/{key:str}", include_in_schema=False, opt=ANYONE)
async def show_reset(
    request: HTMXRequest, links: NamedDependency[OneTimeLinks], key: FromPath[str]
) -> Template:
    """Somebody whose password is lost chooses another one."""
    link = await links.look(key, LinkPurpose.RESET)
    return whole_page(_page(request, link.purpose, link.about.name if link.about else ""))


@post("/resets/{key:str}", include_in_schema=False, opt=ANYONE)
async def reset(
    request: HTMXRequest,
    links: NamedDependency[OneTimeLinks],
    entrance: NamedDependency[Entrance],
    sign_ins: NamedDependency[SignIns],
    key: FromPath[str],
    data: URLEncodedBody[LinkForm],
) -> Template | Redirect:
    """Take it, and let them in."""
    link = await links.look(key, LinkPurpose.RESET)
    page = _page(request, link.purpose, link.about.name if link.about else "")
    coming = entrance.reset(key, data.password, visitor_of(request))
    return await _entered(request, sign_ins, coming, page)


@get("/welcome", include_in_schema=False)
async def welcome(request: HTMXRequest, account: NamedDependency[Account]) -> Template:
    """The first thing that somebody new sees."""
    theme = Reader.of(request).theme
    return whole_page(WelcomePage(theme, account.person.name, account.is_admin))


def refuse_link(request: Request[Any, Any, Any], error: LinkGone) -> Template:
    """A link that is not good: whether it ever was is not said."""
    page = whole_page(LinkGonePage(error.sentence))
    page.status_code = 404
    return page


async def _entered(
    request: HTMXRequest, sign_ins: SignIns, coming: Awaitable[Begun], page: LinkPage
) -> Template | Redirect:
    try:
        begun = await coming
    except (InvalidInput, TooManyTries) as error:
        again = whole_page(replace(page, refusal=error.sentence))
        again.status_code = 429 if isinstance(error, TooManyTries) else 422
        return again
    is_new = page.kind != LinkPurpose.RESET
    answer = Redirect("/welcome" if is_new else "/", status_code=303)
    answer.cookies = cookies_of(request, begun, sign_ins)
    return answer


def _page(
    request: HTMXRequest, purpose: LinkPurpose, name: str = "", made_by: str = ""
) -> LinkPage:
    return LinkPage(
        theme=Reader.of(request).theme,
        kind=purpose.value,
        action=request.url.path,
        made_by=made_by,
        name=name[:1000],
        shortest=SHORTEST,
    )

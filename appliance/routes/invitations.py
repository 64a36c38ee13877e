"""Inviting people. The link is shown once, with a QR code for a phone."""

from dataclasses import dataclass
from datetime import UTC, datetime

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Access, AccountRole, OneTimeLink
from appliance.accounts.one_time_links import INVITATION_SECONDS, OneTimeLinks
from appliance.conversations.conversation import Person
from appliance.errors import InvalidInput
from appliance.routes import local_time
from appliance.routes.account_data import InvitationsPage, NewLinkView, OpenLinkView
from appliance.routes.cookies import address_of
from appliance.routes.fragments import whole_page
from appliance.routes.page_views import Reader
from appliance.routes.qr_views import qr_view

ADMIN = {"access": Access.ADMIN}
DAYS = (1, 7, 30)


@dataclass(frozen=True, slots=True)
class InvitationForm:
    """For whom, and for how long it is good."""

    role: str = AccountRole.MEMBER
    days: str = "7"


@get("/invitations", include_in_schema=False, opt=ADMIN)
async def show(request: HTMXRequest, links: NamedDependency[OneTimeLinks]) -> Template:
    """Those that are good still, and the form for another one."""
    return await _page(request, links, None)


@post("/invitations", status_code=200, include_in_schema=False, opt=ADMIN)
async def invite(
    request: HTMXRequest,
    links: NamedDependency[OneTimeLinks],
    person: NamedDependency[Person],
    data: URLEncodedBody[InvitationForm],
) -> Template:
    """Make one, and show its link."""
    if data.role not in set(AccountRole) or data.days not in {str(each) for each in DAYS}:
        raise InvalidInput("Choose member or admin, and 1, 7 or 30 days.")
    seconds = int(data.days) * INVITATION_SECONDS // 7
    key = await links.invite(person, AccountRole(data.role), seconds, address_of(request))
    made = new_link_view(request, f"/invitations/{key}", seconds)
    return await _page(request, links, made)


@post("/links/{link_id:str}/deletion", include_in_schema=False, opt=ADMIN)
async def take_back(
    request: HTMXRequest,
    links: NamedDependency[OneTimeLinks],
    person: NamedDependency[Person],
    link_id: FromPath[str],
) -> Redirect:
    """It is good no more."""
    await links.take_back(person, link_id, address_of(request))
    return Redirect("/invitations", status_code=303)


def new_link_view(request: HTMXRequest, path: str, seconds: int) -> NewLinkView:
    """The link to a page of this box, as somebody else can open it."""
    url = f"{request.base_url}".rstrip("/") + path
    until = int(datetime.now(UTC).timestamp()) + seconds
    return NewLinkView(url, _until(Reader.of(request), until), qr_view(url))


async def _page(request: HTMXRequest, links: OneTimeLinks, made: NewLinkView | None) -> Template:
    reader = Reader.of(request)
    shown = tuple(_link_view(reader, link) for link in await links.list())
    return whole_page(InvitationsPage(reader.theme, made, shown))


def _link_view(reader: Reader, link: OneTimeLink) -> OpenLinkView:
    return OpenLinkView(
        link_id=link.link_id,
        purpose=link.purpose.value,
        about=link.about.name if link.about else "",
        role=link.role.value,
        made_by=link.made_by,
        good_until=_until(reader, link.expires_at),
    )


def _until(reader: Reader, at: int) -> str:
    day = local_time.day_words(local_time.day_of(at, reader.zone), reader.today)
    return f"{day}, {local_time.clock(at, reader.zone)}"

"""Sharing a conversation by a link, and reading what was shared.

Plain pages and forms. The link is shown on the answer that made it and never again. Its readers
need no account and are told nothing of the box but the copy.
"""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Access
from appliance.accounts.audit import Act
from appliance.conversations.conversation import Person
from appliance.conversations.sharing import Sharing, days_of
from appliance.errors import NotFound
from appliance.routes.fragments import whole_page
from appliance.routes.noting import Noting
from appliance.routes.page_views import Reader
from appliance.routes.sharing_data import SharedGoneView
from appliance.routes.sharing_views import (
    new_link_view,
    shared_links_view,
    shared_page_view,
    sharing_view,
)

PageNumber = Annotated[int, QueryParameter(name="page", ge=1, le=1_000_000)]


@dataclass(frozen=True, slots=True)
class SharingForm:
    """For how long, and whether the readers learn whose it is."""

    days: str = ""
    shows_name: str = ""


@get("/conversations/{conversation_id:str}/sharing", include_in_schema=False)
async def show(
    request: HTMXRequest,
    sharing: NamedDependency[Sharing],
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
) -> Template:
    """How to share it, and what is shared of it."""
    conversation, links = await sharing.of_conversation(person, conversation_id)
    return whole_page(sharing_view(Reader.of(request), conversation, links))


@post("/conversations/{conversation_id:str}/shared-links", status_code=200, include_in_schema=False)
async def create(
    request: HTMXRequest,
    sharing: NamedDependency[Sharing],
    person: NamedDependency[Person],
    noting: NamedDependency[Noting],
    conversation_id: FromPath[str],
    data: URLEncodedBody[SharingForm],
) -> Template:
    """Make a link, and show it this once."""
    days, shows_name = days_of(data.days), data.shows_name == "yes"
    made = await sharing.share(person, conversation_id, days, shows_name=shows_name)
    conversation, links = await sharing.of_conversation(person, conversation_id)
    await noting.note(Act.SHARED)
    shown = new_link_view(request, made)
    return whole_page(sharing_view(Reader.of(request), conversation, links, shown))


@get("/shared-links", include_in_schema=False)
async def listing(
    request: HTMXRequest, sharing: NamedDependency[Sharing], person: NamedDependency[Person]
) -> Template:
    """All that this person shares."""
    return whole_page(shared_links_view(Reader.of(request), await sharing.list_all(person)))


@post("/shared-links/{shared_link_id:str}/deletion", include_in_schema=False)
async def end(
    sharing: NamedDependency[Sharing],
    person: NamedDependency[Person],
    shared_link_id: FromPath[str],
) -> Redirect:
    """End a link at once, and delete its copy."""
    await sharing.end(person, shared_link_id)
    return Redirect("/shared-links", status_code=303)


@get("/shared/{secret:str}", include_in_schema=False, opt={"access": Access.ANYONE})
async def read(
    request: HTMXRequest,
    sharing: NamedDependency[Sharing],
    secret: FromPath[str],
    number: PageNumber = 1,
) -> Template:
    """The shared copy, for whoever has its link; one page for whatever is wrong with a link."""
    reader = Reader.of(request)
    try:
        shared = await sharing.read(secret, number)
        view = await asyncio.to_thread(shared_page_view, reader, shared, request.url.path)
        answer = whole_page(view)
    except NotFound:
        gone = SharedGoneView(reader.theme)
        answer = Template("shared_gone.html", context={"gone": gone}, status_code=404)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer

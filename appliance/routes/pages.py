"""The two pages: with no conversation open, and with one.

The same addresses answer an open page that asks for news (an htmx request): nothing if it is up to
date, else the regions that may have changed.
"""

import asyncio
from dataclasses import replace
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template

from appliance.conversations.branches import Branches
from appliance.conversations.conversation import Person
from appliance.conversations.opened import Excerpt, OpenConversation
from appliance.conversations.service import ConversationService
from appliance.errors import NotFound
from appliance.routes.excerpts import excerpt_of
from appliance.routes.fragments import Fragments, answer, whole_page
from appliance.routes.news import blank_page, news_of, page_of
from appliance.routes.page_data import PageView
from appliance.routes.page_views import Reader, messages_view, page_view, state_of
from appliance.routes.snapshots import running_snapshot
from appliance.routes.temporary_views import gone_words

Seen = Annotated[str, QueryParameter(name="state", max_length=64)]


@get("/", include_in_schema=False)
async def home(
    request: HTMXRequest,
    service: NamedDependency[ConversationService],
    person: NamedDependency[Person],
    seen: Seen = "",
) -> Template | Response[str]:
    """The page that invites to a first message."""
    conversations = await service.list_conversations(person)
    if not request.htmx:
        await service.read_ahead(person, None)
    page = page_view(Reader.of(request), service.box_status(), conversations)
    return _page_or_news(request, page, seen)


@get("/conversations/{conversation_id:str}", include_in_schema=False)
async def conversation(
    request: HTMXRequest,
    service: NamedDependency[ConversationService],
    branches: NamedDependency[Branches],
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
    seen: Seen = "",
) -> Template | Response[str]:
    """The page with a conversation; a link may name the message `at` which it is to be opened."""
    excerpt = await excerpt_of(request)
    try:
        if excerpt.at_id and not request.htmx:
            await branches.show(person, conversation_id, excerpt.at_id)
        opened = await service.open_conversation(person, conversation_id, excerpt)
    except NotFound:
        if not request.htmx:
            raise
        words = gone_words(conversation_id)
        return await blank_page(request, service, person, words, conversation_id)
    if not request.htmx:
        await service.read_ahead(person, conversation_id)
    elif excerpt.before_id or excerpt.after_id:
        return await _piece(request, service, person, opened, excerpt)
    elif seen and seen == await _state(service, person, opened):
        return Response("", status_code=204)
    return _page_or_news(request, await page_of(request, service, person, opened), seen)


def _page_or_news(request: HTMXRequest, page: PageView, seen: str) -> Template | Response[str]:
    if not request.htmx:
        return whole_page(page)
    if page.sync.state == seen:
        return Response("", status_code=204)
    return news_of(request, page)


async def _state(service: ConversationService, person: Person, opened: OpenConversation) -> str:
    conversations = await service.list_conversations(person)
    return state_of(service.box_status(), conversations, opened)


async def _piece(
    request: HTMXRequest,
    service: ConversationService,
    person: Person,
    opened: OpenConversation,
    excerpt: Excerpt,
) -> Response[str]:
    """Older or newer messages, to stand where the link to them stood."""
    running = await running_snapshot(service, person, opened) if excerpt.after_id else None
    view = await asyncio.to_thread(messages_view, Reader.of(request), opened, running)
    if excerpt.before_id:
        first_id = opened.messages[0].message_id if opened.messages else ""
        view = replace(view, later_url=None, first_id=first_id, last_id="")
    else:
        view = replace(view, earlier_url=None, first_id="")
    return answer(Fragments(request).html(view))

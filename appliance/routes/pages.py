"""The two pages: with no conversation open, and with one.

The same addresses answer an open page that asks for news (an htmx request): nothing if it is up to
date, else the regions that may have changed.
"""

from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template

from appliance.conversations.conversation import OpenConversation, Person
from appliance.conversations.service import ConversationService
from appliance.errors import NotFound
from appliance.routes.fragments import Fragments, answer, whole_page
from appliance.routes.news import blank_page, news_of
from appliance.routes.page_data import PageView
from appliance.routes.page_views import Reader, messages_view, page_view
from appliance.routes.snapshots import running_snapshot
from appliance.routes.temporary_views import gone_words

Seen = Annotated[str, QueryParameter(name="state", max_length=64)]
Before = Annotated[str, QueryParameter(name="before", max_length=64)]


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
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
    seen: Seen = "",
    before: Before = "",
) -> Template | Response[str]:
    """The page with a conversation."""
    try:
        opened = await service.open_conversation(person, conversation_id)
    except NotFound:
        if not request.htmx:
            raise
        words = gone_words(conversation_id)
        return await blank_page(request, service, person, words, conversation_id)
    if request.htmx and before:
        return _earlier(request, opened, before)
    conversations = await service.list_conversations(person)
    if not request.htmx:
        await service.read_ahead(person, conversation_id)
    running = await running_snapshot(service, person, opened)
    page = page_view(
        Reader.of(request), service.box_status(), conversations, opened, running, before
    )
    return _page_or_news(request, page, seen)


def _page_or_news(request: HTMXRequest, page: PageView, seen: str) -> Template | Response[str]:
    if not request.htmx:
        return whole_page(page)
    if page.sync.state == seen:
        return Response("", status_code=204)
    return news_of(request, page)


def _earlier(request: HTMXRequest, opened: OpenConversation, before: str) -> Response[str]:
    """Older messages, to stand where the link to them stood."""
    view = messages_view(Reader.of(request), opened, before_id=before)
    return answer(Fragments(request).html(view))

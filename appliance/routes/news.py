"""Bringing an open page up to date, region by region, without touching what is being written."""

import asyncio

from litestar import Response
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect

from appliance.conversations.conversation import Person, names_temporary
from appliance.conversations.opened import OpenConversation, StartedTurn
from appliance.conversations.service import ConversationService
from appliance.routes.excerpts import excerpt_of
from appliance.routes.fragments import Fragments, answer, partial
from appliance.routes.page_data import PageView
from appliance.routes.page_views import Reader, blank_view, page_view
from appliance.routes.reply_words import answering_words
from appliance.routes.snapshots import running_snapshot
from appliance.routes.temporary_views import temporary_view


async def page_of(
    request: HTMXRequest, service: ConversationService, person: Person, opened: OpenConversation
) -> PageView:
    """The whole page with this conversation."""
    conversations = await service.list_conversations(person)
    running = await running_snapshot(service, person, opened)
    reader, box = Reader.of(request), service.box_status()
    # A screenful of long replies takes a while to render: others are served meanwhile.
    return await asyncio.to_thread(page_view, reader, box, conversations, opened, running)


def news_of(
    request: HTMXRequest, page: PageView, *more: str, replace_url: str = ""
) -> Response[str]:
    """Every region that another tab, or the box itself, may have changed."""
    fragments = Fragments(request)
    conversation_id = page.header.conversation_id
    return answer(
        # With no conversation open there is nothing that another tab could have changed.
        fragments.changed_inside("messages", page.messages) if conversation_id else "",
        fragments.changed_inside("conversations", page.sidebar.conversations),
        fragments.changed_inside("header", page.header),
        fragments.into("box", page.box),
        fragments.instead_of("action", page.action),
        fragments.instead_of("sync", page.sync),
        *more,
        tab_title=fragments.said(page.tab_title),
        replace_url=replace_url,
    )


async def after_act(
    request: HTMXRequest,
    service: ConversationService,
    person: Person,
    conversation_id: str,
    at_id: str,
    *more: str,
) -> Response[str]:
    """What the open page shows after an act on its conversation, about the message `at_id`."""
    page = await _page_now(request, service, person, conversation_id, at_id)
    # An address that named a message would lead back to the branch of that one.
    return news_of(request, page, *more, replace_url=f"/conversations/{conversation_id}")


async def blank_page(
    request: HTMXRequest,
    service: ConversationService,
    person: Person,
    notice: str,
    conversation_id: str,
) -> Response[str]:
    """Makes a page that showed that conversation the empty one; the composer keeps its text, and
    what was meant to be temporary is not sent as anything else unasked.
    """
    conversations = await service.list_conversations(person)
    page = page_view(Reader.of(request), service.box_status(), conversations)
    fragments = Fragments(request)
    was_temporary = names_temporary(conversation_id)
    return answer(
        fragments.into("messages", blank_view(notice)),
        fragments.changed_inside("conversations", page.sidebar.conversations),
        fragments.into("header", page.header),
        fragments.into("composer-ids", page.ids),
        partial("attached", "innerHTML"),
        fragments.into("temporary", temporary_view(None, is_chosen=was_temporary)),
        fragments.into("presence", page.presence),
        fragments.instead_of("action", page.action),
        fragments.instead_of("sync", page.sync),
        tab_title=fragments.said(page.tab_title),
        push_url="/",
    )


async def begun(
    request: HTMXRequest, service: ConversationService, person: Person, started: StartedTurn
) -> Response[str] | Redirect:
    """What the open page shows when a turn has begun in the midst of it."""
    conversation_id = started.conversation.conversation_id
    if not request.htmx:
        return Redirect(f"/conversations/{conversation_id}", status_code=303)
    page = await _page_now(request, service, person, conversation_id, started.message.message_id)
    words = answering_words(page.action.running_turn_id)
    announced = Fragments(request).words_into("announce", words)
    more = (partial("notice", "innerHTML"), announced)
    return news_of(request, page, *more, replace_url=f"/conversations/{conversation_id}")


async def _page_now(
    request: HTMXRequest,
    service: ConversationService,
    person: Person,
    conversation_id: str,
    at_id: str,
) -> PageView:
    excerpt = await excerpt_of(request, at_id)
    opened = await service.open_conversation(person, conversation_id, excerpt)
    return await page_of(request, service, person, opened)

"""Asking and stopping: a turn begins with a message and ends by itself or by DELETE."""

from collections.abc import Sequence
from dataclasses import dataclass

from litestar import Response, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import ClientRedirect, HTMXRequest
from litestar.response import Redirect

from appliance.conversations.box_status import BoxStatus
from appliance.conversations.branches import Branches
from appliance.conversations.conversation import Conversation, Person, new_id
from appliance.conversations.opened import OpenConversation, StartedTurn
from appliance.conversations.service import ConversationService
from appliance.routes.fragments import Fragments, answer, partial
from appliance.routes.message_views import views_of_turn
from appliance.routes.news import begun
from appliance.routes.page_data import ActionView, ComposerIds
from appliance.routes.page_views import (
    Reader,
    box_view,
    header_view,
    list_view,
    sync_view,
    title_words,
)
from appliance.routes.reply_words import answering_words
from appliance.routes.temporary_views import presence_view, temporary_view


@dataclass(frozen=True, slots=True)
class ComposerForm:
    """What the composer sends; `question` is a first question picked from the empty page.

    `shown_to` is there when the page ends before the branch does.
    """

    client_message_id: str
    content: str = ""
    question: str = ""
    conversation_id: FromPath[str] = ""
    shown_to: str = ""


@post("/turns", include_in_schema=False, opt={"asks_model": True})
async def create(
    request: HTMXRequest,
    service: NamedDependency[ConversationService],
    person: NamedDependency[Person],
    data: URLEncodedBody[ComposerForm],
) -> Response[str] | Redirect | ClientRedirect:
    """Accept a message; by the time this answers, it is safe on the disk."""
    started = await service.start_turn(
        person,
        conversation_id=data.conversation_id or None,
        content=data.question or data.content,
        client_message_id=data.client_message_id,
    )
    page = f"/conversations/{started.conversation.conversation_id}"
    if not request.htmx:
        return Redirect(page, status_code=303)
    if started.is_repeat or data.shown_to:
        # The first answer got lost on its way, or the page has not the messages before this one.
        return ClientRedirect(page)
    opened = await service.open_conversation(person, started.conversation.conversation_id)
    conversations = await service.list_conversations(person)
    return _accepted(request, started, opened, conversations, service.box_status())


@post("/turns/{turn_id:str}/retries", include_in_schema=False, opt={"asks_model": True})
async def retry(
    request: HTMXRequest,
    service: NamedDependency[ConversationService],
    person: NamedDependency[Person],
    turn_id: FromPath[str],
) -> Response[str] | Redirect:
    """Another reply to the same message, beside those it has."""
    started = await service.retry_turn(person, turn_id)
    return await begun(request, service, person, started)


@post("/turns/{turn_id:str}/continuations", include_in_schema=False, opt={"asks_model": True})
async def go_on(
    request: HTMXRequest,
    service: NamedDependency[ConversationService],
    branches: NamedDependency[Branches],
    person: NamedDependency[Person],
    turn_id: FromPath[str],
) -> Response[str] | Redirect:
    """More of a reply that was cut, in the same place."""
    started = await branches.continue_reply(person, turn_id)
    return await begun(request, service, person, started)


@delete("/turns/{turn_id:str}", include_in_schema=False)
async def stop(
    service: NamedDependency[ConversationService],
    person: NamedDependency[Person],
    turn_id: FromPath[str],
) -> None:
    """Stop the model; what it has written stays, and the stream says so."""
    await service.stop_turn(person, turn_id)


def _accepted(
    request: HTMXRequest,
    started: StartedTurn,
    opened: OpenConversation,
    conversations: Sequence[Conversation],
    box: BoxStatus,
) -> Response[str]:
    """The new message and the beginning of its reply, put into the open page."""
    fragments, reader = Fragments(request), Reader.of(request)
    conversation = started.conversation
    views = views_of_turn(opened, started.turn.turn_id, reader.today, reader.zone)
    listed = list_view(reader, conversations, conversation)
    sync = sync_view(box, conversations, opened)
    parts = [
        fragments.after_all_in("messages", *views),
        fragments.changed_inside("conversations", listed),
        fragments.into("composer-ids", ComposerIds(conversation.conversation_id, new_id())),
        fragments.changed_inside("box", box_view(box)),
        fragments.instead_of("sync", sync),
        *_answering(fragments, opened),
    ]
    if not started.is_new_conversation:
        return answer(*parts)
    return answer(
        partial("empty", "delete"),
        *parts,
        fragments.into("header", header_view(reader, box, conversation)),
        fragments.into("temporary", temporary_view(conversation)),
        fragments.into("presence", presence_view(conversation)),
        tab_title=fragments.said(title_words(conversation)),
        push_url=sync.url,
    )


def _answering(fragments: Fragments, opened: OpenConversation) -> tuple[str, ...]:
    # A quick model may be done before the page is told that it has begun.
    turn = opened.last_turn
    running_id = turn.turn_id if turn and not turn.status.is_final else None
    return (
        fragments.instead_of("action", ActionView(running_id)),
        partial("notice", "innerHTML"),
        fragments.words_into("announce", answering_words(running_id)),
    )

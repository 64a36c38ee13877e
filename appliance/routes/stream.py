"""A running turn as server-sent events: the page grows while the reply is written.

- The first event holds everything so far, so a reader may come late, leave and come again.
- Then only what changed: the open block, blocks that are new, the status.
- At the end the whole message as a reload would show it, then `done`, which closes the stream.
- A turn that is not this person's, or that nobody knows, is `done` at once: htmx would put the
  page of a 404 into the message, and never try again.
- A stream that ends without `done` is taken up again by the page: the box is about to restart.
- With `format=text` it is for programs, and its shape is that of `turn_stream.py`.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.plugins.htmx import HTMXRequest
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from appliance.conversations.box_status import BoxStatus
from appliance.conversations.conversation import Person
from appliance.conversations.opened import OpenConversation
from appliance.conversations.service import ConversationService
from appliance.conversations.turn import TurnSnapshot, TurnStatus
from appliance.errors import NotFound
from appliance.routes.fragments import Fragments, named_event, swap_event
from appliance.routes.growing_reply import GrowingReplies, Seen
from appliance.routes.message_views import views_of_turn
from appliance.routes.page_data import ActionView, SyncView
from appliance.routes.page_views import Reader, box_view, sync_view
from appliance.routes.snapshots import paced
from appliance.routes.turn_stream import text_stream
from appliance.sentences import say

Format = Annotated[str, QueryParameter(name="format")]
After = Annotated[str, QueryParameter(name="after")]


@get(
    "/turns/{turn_id:str}/stream",
    include_in_schema=False,
    opt={"is_followed": True, "scope": "read"},
)
async def follow(
    request: HTMXRequest,
    service: NamedDependency[ConversationService],
    person: NamedDependency[Person],
    growing_replies: NamedDependency[GrowingReplies],
    turn_id: FromPath[str],
    as_format: Format = "",
    after: After = "",
) -> ServerSentEvent:
    """The turn from now to its end; leaving does not stop it."""
    if as_format:
        after = request.headers.get("last-event-id") or after
        return await text_stream(service, person, turn_id, as_format, after)
    events = _events(request, service, person, turn_id, growing_replies)
    # The comment goes out at once: prefill may take longer than a proxy or a browser waits.
    return ServerSentEvent(events, comment_message="following")


async def _events(
    request: HTMXRequest,
    service: ConversationService,
    person: Person,
    turn_id: str,
    replies: GrowingReplies,
) -> AsyncIterator[ServerSentEventMessage]:
    growing = replies.of(turn_id, Fragments(request))
    seen: Seen | None = None
    is_over = False
    try:
        async with aclosing(paced(service.follow_turn(person, turn_id))) as snapshots:
            async for snapshot in snapshots:
                if snapshot is None:
                    yield named_event("ping")
                elif not snapshot.turn.status.is_final:
                    growing.take(snapshot)
                    seen, event = growing.changes_since(seen)
                    if event is not None:
                        yield event
                else:
                    opened = await service.open_conversation(person, snapshot.turn.conversation_id)
                    conversations = await service.list_conversations(person)
                    box = service.box_status()
                    sync = sync_view(box, conversations, opened, after_reply=True)
                    yield _ending(request, _as_told(opened, snapshot), turn_id, sync, box)
                    is_over = True
    except NotFound:
        # Also a conversation that was deleted while its reply was written.
        is_over = True
    if is_over:
        yield named_event("done")


def _as_told(opened: OpenConversation, snapshot: TurnSnapshot) -> OpenConversation:
    """The end as the turn tells it: on a full disk the store could not be told."""
    turn = snapshot.turn
    if turn.reply_message_id is None or turn.status is TurnStatus.FAILED:
        turn = replace(turn, checkpoint=snapshot.text)
    reply_id = turn.reply_message_id
    messages = tuple(
        replace(message, content=max(message.content, snapshot.text, key=len))
        if message.message_id == reply_id
        else message
        for message in opened.messages
    )
    replies = {**opened.replies, reply_id: turn} if reply_id else opened.replies
    turns = {**opened.turns, turn.input_message_id: turn}
    return replace(opened, messages=messages, turns=turns, replies=replies)


def _ending(
    request: HTMXRequest,
    opened: OpenConversation,
    turn_id: str,
    sync: SyncView,
    box: BoxStatus,
) -> ServerSentEventMessage:
    fragments = Fragments(request)
    reader = Reader.of(request)
    views = views_of_turn(opened, turn_id, reader.today, reader.zone)
    replies = [view for view in views if view.reply is not None]
    # A failure speaks for itself: it is an alert.
    failed = any(view.reply and view.reply.state == "failed" for view in replies)
    return swap_event(
        *(fragments.changed(view.element_id, view) for view in replies),
        fragments.instead_of("action", ActionView(None)),
        # What the page is said to show it must be shown: nobody looks after it for a while.
        fragments.changed_inside("box", box_view(box)),
        fragments.instead_of("sync", sync),
        fragments.words_into("announce", "" if failed else say("Answer ready.")),
    )

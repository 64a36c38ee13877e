"""What the model saw of a turn: in the page's drawer, or as a page by itself; and the turn once
more, for comparison.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest
from litestar.response import ServerSentEvent, Template
from litestar.response.sse import ServerSentEventMessage

from appliance.conversations.conversation import Person
from appliance.conversations.replays import Original, Replays
from appliance.conversations.seen_prompt import SeenPrompts
from appliance.errors import ApplianceError, InvalidInput
from appliance.routes.fragments import (
    Fragments,
    answer,
    named_event,
    partial,
    swap_event,
    whole_page,
)
from appliance.routes.page_data import ErrorView
from appliance.routes.page_views import Reader
from appliance.routes.replay_views import GrowingReplay
from appliance.routes.seen_data import SeenPage
from appliance.routes.seen_views import seen_view
from appliance.routes.snapshots import paced


@get("/turns/{turn_id:str}/prompt", include_in_schema=False)
async def show(
    request: HTMXRequest,
    seen_prompts: NamedDependency[SeenPrompts],
    person: NamedDependency[Person],
    turn_id: FromPath[str],
) -> Template | Response[str]:
    """The parts of the prompt, what they cost and what wrote the reply."""
    seen = await seen_prompts.of_turn(person, turn_id)
    reader, view = Reader.of(request), seen_view(seen)
    if request.htmx:
        return answer(Fragments(request).into("drawer-body", view))
    back = f"/conversations/{seen.turn.conversation_id}#turn-{turn_id}"
    page = whole_page(SeenPage(reader.theme, back, replace(view, can_replay=False)))
    page.headers["Cache-Control"] = "no-store"
    return page


@get("/drawer", include_in_schema=False)
async def empty_drawer() -> Response[str]:
    """The drawer as it is while nobody looks into it."""
    return answer(partial("drawer-body", "innerHTML"))


@get("/turns/{turn_id:str}/replay", include_in_schema=False, opt={"is_followed": True})
async def replay(
    request: HTMXRequest,
    replays: NamedDependency[Replays],
    person: NamedDependency[Person],
    turn_id: FromPath[str],
) -> ServerSentEvent:
    """The reply run again, beside the first; it ends with the connection, and nothing is kept."""
    if not request.htmx:  # what makes the model work is not to be reached by a mere link
        raise InvalidInput("A reply is run again from its details on the page.")
    original = await replays.original(person, turn_id)
    return ServerSentEvent(_replay(Fragments(request), replays, person, original))


async def _replay(
    fragments: Fragments, replays: Replays, person: Person, original: Original
) -> AsyncIterator[ServerSentEventMessage]:
    growing = GrowingReplay(fragments, original)
    try:
        async with aclosing(paced(replays.run(person, original.turn.turn_id))) as snapshots:
            async for snapshot in snapshots:
                if snapshot is None:
                    yield named_event("ping")
                elif changes := growing.changes(snapshot):
                    yield swap_event(*changes)
    except ApplianceError as error:
        yield swap_event(fragments.into("replay", ErrorView(str(error))))

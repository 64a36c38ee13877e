"""Following a turn at a pace a browser can use."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from appliance.conversations.conversation import OpenConversation, Person, TurnSnapshot
from appliance.conversations.service import ConversationService

UPDATE_SECONDS = 0.06
"""Pause between two updates: text flows, and the open block is not rendered for each token."""

PING_SECONDS = 10.0
"""Sign of life while nothing changes; the page gives a silent stream up after 25 seconds."""


async def running_snapshot(
    service: ConversationService, person: Person, opened: OpenConversation
) -> TurnSnapshot | None:
    """The running turn as it is now, so that a page comes with all the text there is."""
    for turn in opened.turns.values():
        if not turn.status.is_final:
            async with aclosing(service.follow_turn(person, turn.turn_id)) as snapshots:
                snapshot = await anext(snapshots, None)
            if snapshot is not None and not snapshot.turn.status.is_final:
                return snapshot
    return None


async def paced(
    snapshots: AsyncGenerator[TurnSnapshot, None],
    update_seconds: float = UPDATE_SECONDS,
    ping_seconds: float = PING_SECONDS,
) -> AsyncGenerator[TurnSnapshot | None, None]:
    """Each snapshot no sooner than a pause after the last; None when nothing changed for long.

    The source skips what was not fetched in the meantime: a slow reader gets fewer and newer ones.
    """
    pending = asyncio.ensure_future(_next(snapshots))
    try:
        while True:
            # Not wait_for: it would cancel the source, which could not go on then.
            done, _ = await asyncio.wait({pending}, timeout=ping_seconds)
            if not done:
                yield None
                continue
            if (snapshot := pending.result()) is None:
                return
            yield snapshot
            await asyncio.sleep(update_seconds)
            pending = asyncio.ensure_future(_next(snapshots))
    finally:
        # The reader may leave at any moment; the source must not be left waiting for a change.
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)
        await snapshots.aclose()


async def _next(snapshots: AsyncIterator[TurnSnapshot]) -> TurnSnapshot | None:
    return await anext(snapshots, None)

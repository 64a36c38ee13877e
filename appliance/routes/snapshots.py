"""Following something that grows, a turn or a replay, at a pace a browser can use."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Generic, TypeVar

from appliance.conversations.conversation import Person
from appliance.conversations.opened import OpenConversation
from appliance.conversations.service import ConversationService
from appliance.conversations.turn import TurnSnapshot

Snapshot = TypeVar("Snapshot")

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
    snapshots: AsyncGenerator[Snapshot, None],
    update_seconds: float = UPDATE_SECONDS,
    ping_seconds: float = PING_SECONDS,
) -> AsyncGenerator[Snapshot | None, None]:
    """The newest snapshot, no sooner than a pause after the last; None when nothing changed for
    long. A slow reader gets fewer and newer ones.
    """
    newest: _Newest[Snapshot] = _Newest()
    # A task of its own: the source is closed there, also when this reader's request is cancelled
    # over and over while it cleans up, as the web framework does on a disconnect.
    fetching = asyncio.create_task(newest.fetch(snapshots))
    try:
        while newest.snapshot is not None or not fetching.done():
            if newest.snapshot is None:
                if not await newest.has_arrived_within(ping_seconds):
                    yield None
                continue
            snapshot, newest.snapshot = newest.snapshot, None
            yield snapshot
            await asyncio.sleep(update_seconds)
        await fetching  # raises what the source raised
    finally:
        fetching.cancel()


class _Newest(Generic[Snapshot]):
    """The last snapshot that came and was not taken yet."""

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        self._arrived = asyncio.Event()

    async def fetch(self, snapshots: AsyncGenerator[Snapshot, None]) -> None:
        try:
            async with aclosing(snapshots):
                async for self.snapshot in snapshots:
                    self._arrived.set()
        finally:
            self._arrived.set()

    async def has_arrived_within(self, seconds: float) -> bool:
        """Whether something came, the end included."""
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return False
        self._arrived.clear()
        return True

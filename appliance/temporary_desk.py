"""A second desk, over a database in memory: for conversations that are never written to disk.

The same use cases and the same engine. It has no Valkey, and what the engine computes for it is
not saved.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace

from appliance.conversations.generation import CountReply, nobody_counts
from appliance.conversations.lifetimes import Lifetimes
from appliance.conversations.temporary import TemporaryBeginnings, TemporaryConversations
from appliance.conversations.unsaved_generations import UnsavedGenerations
from appliance.desk import Desk, open_desk
from appliance.engine_choice import ChatEngine
from appliance.hot.connection import Hot
from appliance.metrics import Metrics
from appliance.settings import Settings
from appliance.store.database import Database

MOST_BYTES = 32 * 1024 * 1024
FULL = (
    "There is no room for more temporary conversations, and nothing was written; delete one, or "
    "send this in a conversation that is kept."
)


@dataclass(frozen=True, slots=True)
class TemporaryDesk:
    """The desk, and who looks after what lies on it."""

    desk: Desk
    conversations: TemporaryConversations
    lifetimes: Lifetimes


@asynccontextmanager
async def open_temporary_desk(
    settings: Settings,
    kept: Database,
    engine: ChatEngine,
    metrics: Metrics,
    count: CountReply = nobody_counts,
) -> AsyncIterator[TemporaryDesk]:
    """Join it; on leaving, all that is on it is gone. `kept` has the conversations that the page
    lists.
    """
    async with AsyncExitStack() as stack:
        database = await Database.open_in_memory(MOST_BYTES, FULL)
        stack.push_async_callback(database.close)
        hot = Hot(None)
        stack.push_async_callback(hot.close)
        lifetimes = Lifetimes()
        unsaved = replace(engine, generations=UnsavedGenerations(engine.generations))
        desk = await stack.enter_async_context(
            open_desk(
                settings,
                database,
                hot,
                unsaved,
                metrics,
                TemporaryBeginnings(lifetimes),
                kept,
                count=count,
            )
        )
        conversations = TemporaryConversations(database, desk.service, lifetimes)
        ending = asyncio.create_task(conversations.end_in_time(), name="temporary-ends")
        stack.push_async_callback(_stop, ending)
        yield TemporaryDesk(desk, conversations, lifetimes)


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

"""A third desk, for those whose accounts are sealed: over the same database, with no Valkey, and
what the engine computes for it is not saved.

So nobody who writes or reads there has to think of it. The keys are not its business: where one is
not here, the database refuses.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import structlog

from appliance.conversations.beginnings import Beginnings
from appliance.conversations.conversation import Person
from appliance.conversations.recovery import resume_unfinished_of
from appliance.conversations.unsaved_generations import UnsavedGenerations
from appliance.desk import Desk, open_desk
from appliance.engine_choice import ChatEngine
from appliance.errors import Conflict
from appliance.hot.connection import Hot
from appliance.metrics import Metrics
from appliance.settings import Settings
from appliance.store.database import Database
from appliance.temporary_desk import TemporaryDesk

log = structlog.get_logger(__name__)

_BUSY = (
    "A reply is still being written in one of your conversations. Wait for it or stop it, then try "
    "again."
)


@asynccontextmanager
async def open_sealed_desk(
    settings: Settings,
    database: Database,
    engine: ChatEngine,
    metrics: Metrics,
    temporary: TemporaryDesk,
) -> AsyncIterator[Desk]:
    """Join it; on leaving, turns that run are written down, for which their keys must be here."""
    async with AsyncExitStack() as stack:
        hot = Hot(None)
        stack.push_async_callback(hot.close)
        unsaved = replace(engine, generations=UnsavedGenerations(engine.generations))
        yield await stack.enter_async_context(
            open_desk(
                settings,
                database,
                hot,
                unsaved,
                metrics,
                Beginnings(),
                database,
                temporary.conversations,
                is_for_sealed=True,
            )
        )


@dataclass(frozen=True, slots=True)
class PersonsWork:
    """What goes on at the desks for one person, for whoever opens and closes their account."""

    kept: Desk
    sealed: Desk
    temporary: TemporaryDesk

    async def settle(self, person: Person) -> None:
        """Nothing goes on for them any more. Raises Conflict while a reply is being written, or a
        file is on its way in.
        """
        for desk in (self.kept, self.sealed):
            desk.imports.ensure_idle(person)
            if desk.runner.writes_for(person):
                raise Conflict(_BUSY)
            await desk.read_ahead.end(person)
            await desk.runner.end_asides(person)
            # One that has just ended may be telling Valkey so.
            await desk.token_stream.flush()

    async def finish(self, person: Person, seconds: float) -> None:
        """Wait for the replies that are being written; stop those that take longer."""
        try:
            async with asyncio.timeout(seconds):
                await self.sealed.runner.wait_for(person)
        except TimeoutError:
            log.info("a reply took too long for an account that is to be closed")
        await self.stop(person)

    async def stop(self, person: Person) -> None:
        """Stop all that is being written for them, and wait until the store knows; what is temporary
        ends.
        """
        await self.sealed.imports.end(person)
        await self.sealed.runner.stop_all(person)
        await self.temporary.conversations.end(person)

    async def forget(self, person: Person) -> None:
        """Nothing of their words is left in memory, in Valkey and on the disk, but for their rows.

        Raises EngineError when something is.
        """
        for desk in (self.kept, self.sealed):
            await desk.read_ahead.end(person)
            await desk.belongings.forget_copies(person)

    async def go_on(self, person: Person) -> None:
        """Their replies that a stop or a crash left unfinished go on."""
        await resume_unfinished_of(self.sealed.database, self.sealed.runner, person)

"""A third desk, for those whose accounts are sealed: over the same database, with no Valkey, and
what the engine computes for it is not saved.

So nobody who writes or reads there has to think of it. The keys are not its business: where one is
not here, the database refuses.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace

import structlog

from appliance.accounts.opening import Opening
from appliance.accounts.seal_changes import SealChanges
from appliance.accounts.sealed_accounts import SealedAccounts
from appliance.conversations.beginnings import Beginnings
from appliance.conversations.completions import Completions
from appliance.conversations.conversation import Person
from appliance.conversations.generation import CountReply, nobody_counts
from appliance.conversations.recovery import resume_unfinished_of
from appliance.conversations.unsaved_generations import UnsavedGenerations
from appliance.desk import Desk, open_desk
from appliance.engine_choice import ChatEngine
from appliance.errors import Conflict
from appliance.hot.connection import Hot
from appliance.metrics import Metrics
from appliance.prompting.finding import Recalls
from appliance.sentences import say
from appliance.settings import Settings
from appliance.store.database import Database
from appliance.temporary_desk import TemporaryDesk

_BUSY = say(
    "A reply is still being written in one of your conversations. Wait for it or stop it, then try "
    "again."
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SealedDesk:
    """The desk, and who opens and closes the accounts that may use it."""

    desk: Desk
    completions: Completions
    accounts: SealedAccounts
    changes: SealChanges
    opening: Opening


@asynccontextmanager
async def open_sealed_desk(
    settings: Settings,
    database: Database,
    engine: ChatEngine,
    metrics: Metrics,
    temporary: TemporaryDesk,
    count: CountReply = nobody_counts,
    recalls: Recalls | None = None,
) -> AsyncIterator[tuple[Desk, Completions]]:
    """Join it; on leaving, turns that run are written down, for which their keys must be here."""
    async with AsyncExitStack() as stack:
        hot = Hot(None)
        stack.push_async_callback(hot.close)
        unsaved = replace(engine, generations=UnsavedGenerations(engine.generations))
        desk = await stack.enter_async_context(
            open_desk(
                settings,
                database,
                hot,
                unsaved,
                metrics,
                Beginnings(),
                database,
                temporary.conversations,
                count=count,
                is_for_sealed=True,
                recalls=recalls,
            )
        )
        yield (
            desk,
            Completions(
                unsaved.generations,
                engine.tokenizer,
                engine.profile,
                settings.engine.open_turns,
                engine.ahead,
            ),
        )


@asynccontextmanager
async def accounts_kept(accounts: SealedAccounts, changes: SealChanges) -> AsyncIterator[None]:
    """While the block runs, accounts that nobody uses are closed; what was broken off is done."""
    await changes.sweep_the_rest()
    looking = asyncio.create_task(accounts.close_unused_in_time(), name="close-unused")
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        await changes.wait_all()
        await accounts.stop()


class SealedEnds:
    """Ends what goes on at a desk for a person: all of theirs is being deleted."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def end(self, person: Person) -> None:
        """Nothing goes on any more."""
        await self._desk.imports.end(person)
        await self._desk.read_ahead.end(person)
        await self._desk.runner.stop_all(person)


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
        """Stop all that is being written for them, and wait until the store knows; what is
        temporary ends.
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
            await desk.runner.end_asides(person)
        await self.kept.belongings.forget_copies(person)

    async def go_on(self, person: Person) -> None:
        """Their replies that a stop or a crash left unfinished go on."""
        await resume_unfinished_of(self.sealed.database, self.sealed.runner, person)

"""Many writers, one fsync.

A durable commit costs an fsync, whatever it holds. So the tickets that are waiting (at most 256)
share one: BEGIN IMMEDIATE, each ticket in turn inside a SAVEPOINT, one COMMIT, and only then does
anyone get an answer.

What holds always:
- One ticket at a time has the connection, in the order in which they came.
- A body that raises or is cancelled takes back its own savepoint and nothing else. Its last
  statement may still run in the connection's thread, but the ROLLBACK TO stands behind it in that
  thread's queue.
- Nobody is answered before COMMIT. When it fails, or SQLite drops the whole transaction by itself
  (it does on a full disk), everyone in the group is told; the next group starts afresh.
- Whoever is cancelled while waiting for COMMIT may find its write on disk all the same.

A body holds only SQL: while it waits for anything else, everybody waits.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from aiosqlite import Connection
from pysqlite3 import dbapi2 as sqlite

from appliance.errors import StoreError
from appliance.sentences import say
from appliance.store.sqlite_errors import DISK_FULL, Refusal, as_store_error, no_refusal, our_errors

GROUP_LIMIT = 256

log = structlog.get_logger(__name__)


class Ticket:
    """One body's place in the queue: granted -> left (with its error, if any) -> committed."""

    __slots__ = ("committed", "granted", "left", "owner")

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.owner = asyncio.current_task()
        self.granted: asyncio.Future[None] = loop.create_future()
        self.left: asyncio.Future[BaseException | None] = loop.create_future()
        self.committed: asyncio.Future[None] = loop.create_future()

    def fail(self, error: StoreError) -> None:
        """Tells the one who waits, wherever it waits; does nothing once it has its answer."""
        waiting_for = self.committed if self.granted.done() else self.granted
        if not waiting_for.done():
            waiting_for.set_exception(error)
            waiting_for.exception()  # Seen: a body that has gone already is nothing to warn about.


class GroupCommit:
    """Owns the write connection; hands it to one ticket at a time.

    `full` is what those are told for whom there is no room, `refusal` is asked why a function of
    ours failed.
    """

    def __init__(
        self, connection: Connection, full: str = DISK_FULL, refusal: Refusal = no_refusal
    ) -> None:
        self.commits = 0
        self._connection = connection
        self._full = full
        self._refusal = refusal
        self._tickets: asyncio.Queue[Ticket | None] = asyncio.Queue()
        self._between_groups = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None
        self._closed = False
        self._task = asyncio.create_task(self._run(), name="store writer")

    @asynccontextmanager
    async def ticket(self) -> AsyncIterator[Connection]:
        """The write connection inside a savepoint; leaving the block waits for the commit."""
        if self._closed:
            raise StoreError(say("The database is closed; start the appliance again."))
        ticket = Ticket()
        assert self._holder is not ticket.owner, "a write inside a write waits for itself for ever"
        self._tickets.put_nowait(ticket)
        try:
            await ticket.granted
            self._holder = ticket.owner
            with our_errors(self._full, self._refusal):
                yield self._connection
        except BaseException as error:
            ticket.left.set_result(error)
            raise
        finally:
            if self._holder is ticket.owner:
                self._holder = None
        ticket.left.set_result(None)
        await ticket.committed

    @asynccontextmanager
    async def between_groups(self) -> AsyncIterator[Connection]:
        """The write connection outside any transaction, for what SQLite refuses inside one."""
        async with self._between_groups:
            yield self._connection

    async def close(self) -> None:
        """Lets those who wait finish, then ends; the connection stays open."""
        if not self._closed:
            self._closed = True
            self._tickets.put_nowait(None)
        await asyncio.shield(self._task)

    async def _run(self) -> None:
        try:
            while (first := await self._tickets.get()) is not None:
                async with self._between_groups:
                    await self._run_group(first)
        finally:
            self._closed = True
            while (ticket := self._next_ticket()) is not None:
                ticket.fail(StoreError("The writer has ended; start the appliance again."))

    async def _run_group(self, first: Ticket) -> None:
        kept = [first]
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
            await self._run_bodies(kept)
            await self._connection.execute("COMMIT")
        except (sqlite.Error, StoreError) as error:
            log.error("store.group_lost", writes=len(kept), cause=str(error))
            with suppress(sqlite.Error):  # SQLite may have rolled back by itself already.
                await self._connection.rollback()
            for ticket in kept:
                ticket.fail(as_store_error(error, self._full))
        else:
            self.commits += 1
            for ticket in kept:
                if not ticket.committed.done():
                    ticket.committed.set_result(None)
        finally:  # Whatever ends this task, nobody waits for ever.
            for ticket in kept:
                ticket.fail(StoreError("The write was cut off; start the appliance again."))

    async def _run_bodies(self, kept: list[Ticket]) -> None:
        """Runs one body after the other; `kept` holds those whose writes stand and the running."""
        if not await self._run_body(kept[0]):
            kept.clear()
        for _ in range(GROUP_LIMIT - 1):
            if (ticket := self._next_ticket()) is None:
                return
            kept.append(ticket)
            if not await self._run_body(ticket):
                kept.pop()

    async def _run_body(self, ticket: Ticket) -> bool:
        """Whether its writes stand; raises when SQLite has dropped the whole transaction."""
        if ticket.left.done():  # Cancelled before its turn came.
            return False
        await self._connection.execute("SAVEPOINT ticket")
        if not ticket.granted.done():
            ticket.granted.set_result(None)
        error = await ticket.left
        try:
            if error is not None:
                await self._connection.execute("ROLLBACK TO ticket")
            await self._connection.execute("RELEASE ticket")
        except sqlite.Error as lost:
            raise as_store_error(error or lost, self._full) from lost
        return error is None

    def _next_ticket(self) -> Ticket | None:
        ticket = None if self._tickets.empty() else self._tickets.get_nowait()
        if ticket is None and self._closed:
            self._tickets.put_nowait(None)  # The end, which `_run` shall see after this group.
        return ticket

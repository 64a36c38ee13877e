"""The database: one writer with group commit, a few readers that cannot write.

`async with database.write() as tx` and `async with database.read() as reader` are the only two
doors. The plain functions in `conversations.py`, `messages.py`, `turns.py` and `people.py` take
what they yield.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import structlog
from aiosqlite import Connection
from pysqlite3 import dbapi2 as sqlite

from appliance.errors import StoreError
from appliance.sentences import say
from appliance.store import derivations
from appliance.store.group_commit import GroupCommit
from appliance.store.migrations import migrate
from appliance.store.opening import (
    READER_PRAGMAS,
    WRITER_PRAGMAS,
    check_sqlite,
    memory_name,
    open_in_memory,
    open_reader,
    open_writer,
    prepare_file,
    quick_check,
    refusal,
)
from appliance.store.rows import first_row
from appliance.store.sqlite_errors import DISK_FULL, our_errors

READERS = 2

MOST_BYTES_ANEW = 256 * 1024 * 1024
"""A larger database is not written anew after a deletion: SQLite makes the copy in memory, and
nobody else can write meanwhile."""
MEMORY_PAGE_BYTES = 4096

log = structlog.get_logger(__name__)


class Database:
    """An open database. Made by `open`, which raises StoreRefused with what to do, or in memory.

    `full` is what those are told for whose writes there is no room.
    """

    def __init__(
        self, path: Path, writer: Connection, readers: list[Connection], full: str = DISK_FULL
    ) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers
        self._idle: asyncio.Queue[Connection] = asyncio.Queue()
        for reader in readers:
            self._idle.put_nowait(reader)
        self._returning: set[asyncio.Task[None]] = set()
        self._group_commit = GroupCommit(writer, full)
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> "Database":
        """Opens or makes the file at `path` and brings it to the newest shape."""
        check_sqlite()
        was_unclean = prepare_file(path)
        opened: list[Connection] = []
        try:
            writer = await open_writer(path)
            opened.append(writer)
            if was_unclean:
                await quick_check(writer, path)
            await migrate(writer)
            await derivations.prepare(writer)
            for _ in range(READERS):
                opened.insert(0, await open_reader(path))
        except BaseException as error:
            for connection in opened:
                await connection.close()
            if isinstance(error, sqlite.Error):
                raise refusal(path, error) from error
            raise
        return cls(path, writer, opened[:READERS])

    @classmethod
    async def open_in_memory(cls, limit_bytes: int, full: str) -> "Database":
        """A new one that is on no disk, of at most that size; gone when it is closed."""
        check_sqlite()
        name = memory_name()
        most_pages = f"max_page_count={limit_bytes // MEMORY_PAGE_BYTES}"
        page_size = f"page_size={MEMORY_PAGE_BYTES}"
        journal = "journal_mode=MEMORY"
        writer = await open_in_memory(name, *WRITER_PRAGMAS, journal, page_size, most_pages)
        await migrate(writer)
        await derivations.prepare(writer)
        readers = [await open_in_memory(name, *READER_PRAGMAS) for _ in range(READERS)]
        return cls(Path(name), writer, readers, full)

    @property
    def commits(self) -> int:
        """How many COMMITs there have been; fewer than writes when writers shared one."""
        return self._group_commit.commits

    def write(self) -> AbstractAsyncContextManager[Connection]:
        """Yields a connection inside a savepoint; leaving waits until its writes are on disk.

        Raises StoreFull, StoreError or InvalidInput (text that has no UTF-8 form); nothing of the
        block is written then. Hold only SQL inside: one block at a time has the connection.
        """
        return self._group_commit.ticket()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """Yields a read-only connection; all queries of the block see the same moment."""
        if self._closed:
            raise StoreError(say("The database is closed; start the appliance again."))
        reader = await self._idle.get()
        try:
            with our_errors():
                await reader.execute("BEGIN")
                yield reader
        finally:
            # A reader that came back with its transaction open would show the past for ever, so
            # the way back is not cut short, however often this task is cancelled.
            returning = asyncio.create_task(self._give_back(reader))
            self._returning.add(returning)
            returning.add_done_callback(self._returning.discard)
            await asyncio.shield(returning)

    async def truncate_wal(self) -> bool:
        """Call after a deletion: what was deleted is then gone from the file and from the WAL.

        `secure_delete` zeroes a row where it last stood. But a row moves from page to page as
        others come and go, and what it leaves in the free middle of a page nobody zeroes. So every
        page is written anew (10 ms for each MB), unless there are too many. False when a reader was
        in the way for five seconds: the text goes with a later checkpoint.
        """
        async with self._group_commit.between_groups() as connection:
            try:
                with our_errors():
                    await _write_anew(connection)
            except StoreError as error:  # A full disk has no room for that; the rows are gone.
                log.warning("store.not_vacuumed", cause=str(error))
            with our_errors():
                row = await first_row(connection, "PRAGMA wal_checkpoint(TRUNCATE)", ())
        return row is not None and row[0] == 0

    async def close(self) -> None:
        """Lets writes and reads under way finish; a clean stop leaves no WAL behind."""
        if self._closed:
            return
        self._closed = True
        await self._group_commit.close()
        for _ in self._readers:
            await (await self._idle.get()).close()
        # Last: whoever closes last moves the WAL into the file, and a reader cannot.
        await self._writer.close()

    async def _give_back(self, reader: Connection) -> None:
        await reader.rollback()
        self._idle.put_nowait(reader)


async def _write_anew(connection: Connection) -> None:
    size = await first_row(
        connection, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", ()
    )
    if size is not None and size[0] > MOST_BYTES_ANEW:
        log.warning("store.not_vacuumed", cause="the database is large", bytes=size[0])
        return
    await connection.execute("VACUUM")

"""The database: one writer with group commit, a few readers that cannot write.

`async with database.write() as tx` and `async with database.read() as reader` are the only two
doors. The plain functions in `conversations.py`, `messages.py`, `turns.py` and `people.py` take
what they yield.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import structlog
from aiosqlite import Connection
from pysqlite3 import dbapi2 as sqlite

from appliance.errors import StoreError
from appliance.sentences import say
from appliance.store import derivations
from appliance.store.cells import CellFunctions, Keys, NoKeys
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

NO_KEYS = NoKeys()

log = structlog.get_logger(__name__)


class Database:
    """An open database. Made by `open`, which raises StoreRefused with what to do, or in memory.

    `full` is what those are told for whose writes there is no room. `functions` are those that the
    connections know, by connection.
    """

    def __init__(
        self,
        path: Path,
        writer: Connection,
        readers: list[Connection],
        functions: Mapping[Connection, CellFunctions],
        full: str = DISK_FULL,
    ) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers
        self._functions = functions
        self._idle: asyncio.Queue[Connection] = asyncio.Queue()
        for reader in readers:
            self._idle.put_nowait(reader)
        self._returning: set[asyncio.Task[None]] = set()
        self._group_commit = GroupCommit(writer, full, functions[writer].take_refusal)
        self._closed = False

    @classmethod
    async def open(cls, path: Path, keys: Keys = NO_KEYS) -> "Database":
        """Opens or makes the file at `path` and brings it to the newest shape.

        `keys` open what is sealed.
        """
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
            functions = {each: await CellFunctions(keys).join(each) for each in opened}
        except BaseException as error:
            for connection in opened:
                await connection.close()
            if isinstance(error, sqlite.Error):
                raise refusal(path, error) from error
            raise
        return cls(path, writer, opened[:READERS], functions)

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
        functions = {each: await CellFunctions(NO_KEYS).join(each) for each in (writer, *readers)}
        return cls(Path(name), writer, readers, functions, full)

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
            with our_errors(refusal=self._functions[reader].take_refusal):
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
        _, is_truncated = await self._write_anew(MOST_BYTES_ANEW)
        return is_truncated

    async def sweep(self) -> bool:
        """The same for a promise that nothing of before is left in the file: whether it is kept.

        A larger database is written anew too, where half of the free memory holds it.
        """
        outcome = await self._write_anew(max(MOST_BYTES_ANEW, _free_bytes() // 2))
        return all(outcome)

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

    async def _write_anew(self, most_bytes: int) -> tuple[bool, bool]:
        """Whether every page was written anew, and whether the WAL is empty."""
        is_anew = False
        async with self._group_commit.between_groups() as connection:
            try:
                with our_errors():
                    is_anew = await _write_anew(connection, most_bytes)
            except StoreError as error:  # A full disk has no room for that; the rows are gone.
                log.warning("store.not_vacuumed", cause=str(error))
            with our_errors():
                row = await first_row(connection, "PRAGMA wal_checkpoint(TRUNCATE)", ())
        return is_anew, row is not None and row[0] == 0

    async def _give_back(self, reader: Connection) -> None:
        await reader.rollback()
        self._idle.put_nowait(reader)


def _free_bytes() -> int:
    """Memory that can be had without anybody being pushed out of theirs."""
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    # The service does not see that file: then what nothing at all is in, which is less.
    return max(0, os.sysconf("SC_AVPHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")


async def _write_anew(connection: Connection, most_bytes: int) -> bool:
    size = await first_row(
        connection, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", ()
    )
    if size is not None and size[0] > most_bytes:
        log.warning("store.not_vacuumed", cause="the database is large", bytes=size[0])
        return False
    await connection.execute("VACUUM")
    return True

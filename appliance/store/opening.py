"""Opening the file: what must be true before anything is read or written."""

import os
import secrets
from pathlib import Path
from urllib.parse import quote

import aiosqlite
import sqlite_vec
import structlog
from pysqlite3 import dbapi2 as sqlite

from appliance.backups import record
from appliance.backups.kept import FOLDER
from appliance.errors import StoreError, StoreRefused
from appliance.store.rows import first_row
from appliance.store.sqlite_errors import BUSY, CANTOPEN, CORRUPT, NOTADB, READONLY, primary_code

# SQLite 3.7.0 to 3.51.2 can corrupt a database when a WAL is reset under another connection.
OLDEST_SQLITE = (3, 51, 3)

# busy_timeout first, so that the others wait for a lock instead of failing.
PRAGMAS = (
    "busy_timeout=5000",
    "foreign_keys=ON",
    "trusted_schema=OFF",  # Functions named in a tampered schema do not run.
    "cell_size_check=ON",  # Damage is noticed where it is read.
    "temp_store=MEMORY",  # A person's words never reach a temporary file.
    "mmap_size=0",  # An I/O error is an error, not a SIGBUS.
)
WRITER_PRAGMAS = (
    *PRAGMAS,
    "synchronous=FULL",  # NORMAL loses acknowledged rows when the power goes.
    "secure_delete=ON",  # Deleted text is overwritten, not only unlinked.
    "wal_autocheckpoint=1000",
    "journal_size_limit=67108864",
)
READER_PRAGMAS = (*PRAGMAS, "query_only=ON")

log = structlog.get_logger(__name__)


def check_sqlite() -> None:
    """StoreRefused when the SQLite that pysqlite3 brought is one of those that corrupt."""
    if sqlite.sqlite_version_info < OLDEST_SQLITE:
        raise StoreRefused(
            f"SQLite {sqlite.sqlite_version} can corrupt a database; "
            "install pysqlite3 0.6.1 or later."
        )


def prepare_file(path: Path) -> bool:
    """Makes the file if there is none, for its owner alone; True when the last stop was unclean."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        wal = path.with_name(path.name + "-wal")
        return wal.exists() and wal.stat().st_size > 0
    except OSError as error:
        raise _not_writable(path, error.strerror or str(error)) from error


async def open_writer(path: Path) -> aiosqlite.Connection:
    """The one connection that writes."""
    connection = await aiosqlite.Connection(
        lambda: sqlite.connect(str(path), isolation_level=None), 64
    )
    try:
        await load_vectors(connection)
        await _set(connection, WRITER_PRAGMAS)
        mode = await first_row(connection, "PRAGMA journal_mode=WAL", ())
        if mode is None or mode[0] != "wal":
            raise StoreRefused(
                f"The file system under {path} cannot do write-ahead logging; "
                "move the data directory to a local disk."
            )
    except BaseException:
        await connection.close()
        raise
    return connection


async def open_reader(path: Path) -> aiosqlite.Connection:
    """A connection that cannot write, whatever is asked of it."""
    connection = await aiosqlite.Connection(
        lambda: sqlite.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None),
        64,
    )
    try:
        await load_vectors(connection)
        await _set(connection, READER_PRAGMAS)
    except BaseException:
        await connection.close()
        raise
    return connection


def memory_name() -> str:
    """The name of a new database that no file holds; only connections of this process find it."""
    return f"file:/{secrets.token_hex(16)}?vfs=memdb"


async def open_in_memory(name: str, *pragmas: str) -> aiosqlite.Connection:
    """A connection to the database of that name; it is gone when its last one closes.

    Its journal is in memory too, and whoever writes keeps readers waiting for that moment.
    """
    connection = await aiosqlite.Connection(
        lambda: sqlite.connect(name, uri=True, isolation_level=None), 64
    )
    try:
        await load_vectors(connection)
        await _set(connection, pragmas)
    except BaseException:
        await connection.close()
        raise
    return connection


async def load_vectors(connection: aiosqlite.Connection) -> None:
    """Teaches a connection to compare vectors; after that it loads no code any more."""
    await connection.enable_load_extension(True)
    try:
        await connection.load_extension(sqlite_vec.loadable_path())
    finally:
        await connection.enable_load_extension(False)


async def quick_check(connection: aiosqlite.Connection, path: Path) -> None:
    """StoreRefused when the file is damaged; reads all of it, so only after an unclean stop."""
    log.info("store.quick_check", path=str(path))
    row = await first_row(connection, "PRAGMA quick_check(1)", ())
    if row is None or row[0] != "ok":
        raise _damaged(path, str(row and row[0]))


def refusal(path: Path, error: sqlite.Error) -> StoreError:
    """Why the database cannot be opened, in a sentence that says what to do."""
    match primary_code(error):
        case code if code in (CORRUPT, NOTADB):
            return _damaged(path, str(error))
        case code if code in (CANTOPEN, READONLY):
            return _not_writable(path, str(error))
        case code if code == BUSY:
            return StoreRefused(f"Another program holds {path}; stop it and start again.")
    return StoreRefused(f"The database {path} cannot be opened ({error}); see to the disk.")


async def _set(connection: aiosqlite.Connection, pragmas: tuple[str, ...]) -> None:
    for pragma in pragmas:
        await connection.execute_fetchall(f"PRAGMA {pragma}")


def _not_writable(path: Path, reason: str) -> StoreRefused:
    return StoreRefused(
        f"The database {path} cannot be written ({reason}); "
        "give the appliance's user that directory, or set data_dir to another one."
    )


def _damaged(path: Path, reason: str) -> StoreRefused:
    newest = record.newest(path.parent)
    what_to_do = (
        f"Restore the newest backup: appliance restore {newest}"
        if newest
        else f"There is no backup in {path.parent / FOLDER}. If you have one elsewhere, restore "
        "it: appliance restore FILE. To start with an empty box, move "
        f"{path.name}* elsewhere first and keep it."
    )
    return StoreRefused(f"The database {path} is damaged ({reason}). {what_to_do}")

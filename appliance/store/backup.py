"""A second copy of the database, made while others write into the first one.

SQLite copies in slices, and begins anew whenever somebody else has written: under a busy writer it
would never end. A transaction held open by the reading side ends that: it sees one moment, which
nothing changes any more. Writers do not wait for it; the WAL grows meanwhile.
"""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlite_vec
from pysqlite3 import dbapi2 as sqlite

from appliance.store.opening import READER_PRAGMAS, WRITER_PRAGMAS

SLICE_PAGES = 1024
"""4 MB: some milliseconds."""
_INSTRUCTIONS = 100_000
"""Of SQLite's machine, between two rests of a long check: milliseconds, too."""

# Whoever was signed in is not in a box that came from a backup, and a link that was used after it
# does not let in a second time.
LETS_IN = ("sign_ins", "one_time_links", "failed_tries")

Rest = Callable[[], None]


def copy(source: Path, target: Path, rest: Rest) -> None:
    """What the database holds at this moment, into a new file. `rest` is called between slices."""
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with closing(reader(source)) as opened, closing(_plain(target)) as copied:
        opened.execute("BEGIN")
        opened.execute("SELECT 1 FROM sqlite_schema").fetchall()
        opened.backup(copied, pages=SLICE_PAGES, progress=lambda *_: rest())
        opened.execute("COMMIT")
        # One file: nothing of it stands beside it.
        copied.execute("PRAGMA journal_mode=DELETE")


def sign_everybody_out(path: Path) -> None:
    """In a copy; what let in is overwritten there."""
    with closing(_writer(path)) as database:
        database.execute("BEGIN IMMEDIATE")
        known = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
        for table in LETS_IN:
            if table in known:  # not in the oldest shapes
                database.execute(f"DELETE FROM {table}")
        database.execute("COMMIT")


def counts(path: Path) -> dict[str, int]:
    """How many rows some tables have; 0 for one that its shape does not know."""
    wanted = ("people", "conversations", "messages", "documents")
    with closing(reader(path)) as database:
        known = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
        return {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            if table in known
            else 0
            for table in wanted
        }


def shape(path: Path) -> int:
    """The number of its last migration."""
    with closing(reader(path)) as database:
        row = database.execute("SELECT max(number) FROM schema_migrations").fetchone()
    return int(row[0] or 0)


def document_ids(path: Path) -> set[str]:
    """Of which documents there is to be a file."""
    with closing(reader(path)) as database:
        known = database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'documents'").fetchone()
        if not known:
            return set()
        return {each for (each,) in database.execute("SELECT document_id FROM documents")}


def trouble(path: Path, rest: Rest) -> str:
    """What SQLite finds wrong when it reads all of it; nothing if all is well."""
    with closing(reader(path)) as database:
        database.set_progress_handler(lambda: rest(), _INSTRUCTIONS)
        try:
            found = database.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite.DatabaseError as error:
            return str(error)
    return "" if found == ("ok",) else str(found and found[0])


def reader(path: Path) -> sqlite.Connection:
    """A connection that cannot write, to be closed."""
    return _set(
        sqlite.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None),
        READER_PRAGMAS,
    )


def _writer(path: Path) -> sqlite.Connection:
    return _set(sqlite.connect(str(path), isolation_level=None), WRITER_PRAGMAS)


def _plain(path: Path) -> sqlite.Connection:
    return sqlite.connect(str(path), isolation_level=None)


def _set(connection: sqlite.Connection, pragmas: tuple[str, ...]) -> sqlite.Connection:
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    connection.enable_load_extension(False)
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    return connection

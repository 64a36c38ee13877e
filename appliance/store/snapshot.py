"""The database as it was at one moment, in a second file: kept while an update may still fail."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from pysqlite3 import dbapi2 as sqlite

from appliance.errors import StoreRefused
from appliance.store.opening import refusal
from appliance.store.sqlite_errors import as_store_error

MADE_BY_PEOPLE = ("people", "conversations", "messages", "documents", "facts", "api_keys")


def copy_database(source: Path, target: Path) -> None:
    """All that is committed in `source`, which may be in use, as one new file, on the disk when
    this returns. Raises StoreError.
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with _reading(source) as reader, closing(sqlite.connect(str(target))) as copied:
            reader.backup(copied, pages=-1)
            copied.execute("PRAGMA journal_mode=DELETE")
            found = copied.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite.Error as error:
        raise as_store_error(error) from error
    if found != ("ok",):
        raise StoreRefused(
            f"The database {source} is damaged ({found and found[0]}); see to that first."
        )
    descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def shape_of(path: Path) -> int:
    """The number of its last migration. Raises StoreError."""
    with _reading(path) as reader:
        (number,) = reader.execute("SELECT max(number) FROM schema_migrations").fetchone()
    return int(number or 0)


def rows_in(path: Path) -> dict[str, list[int]]:
    """How many rows there are of what people made, and the key of the newest, by table. Raises
    StoreError.
    """
    with _reading(path) as reader:
        known = {name for (name,) in reader.execute("SELECT name FROM sqlite_schema")}
        ask = "SELECT count(*), coalesce(max(rowid), 0) FROM {}"
        return {
            table: list(reader.execute(ask.format(table)).fetchone())
            for table in MADE_BY_PEOPLE
            if table in known
        }


@contextmanager
def _reading(path: Path) -> Iterator[sqlite.Connection]:
    try:
        address = f"file:{quote(str(path))}?mode=ro"
        with closing(sqlite.connect(address, uri=True, isolation_level=None)) as reader:
            reader.execute("PRAGMA busy_timeout=5000")
            yield reader
    except sqlite.Error as error:
        raise refusal(path, error) from error

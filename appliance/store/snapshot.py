"""The database as it was at one moment, in a second file: kept while an update may still fail."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from appliance.errors import StoreRefused
from appliance.store import backup
from appliance.store.opening import refusal

MADE_BY_PEOPLE = ("people", "conversations", "messages", "documents", "facts", "api_keys")


def copy_database(source: Path, target: Path) -> None:
    """All that is committed in `source`, which may be in use, as one new file, on the disk when
    this returns. Raises StoreError.
    """
    with _refused(source):
        backup.copy(source, target, _without_rest)
        trouble = backup.trouble(target, _without_rest)
    if trouble:
        raise StoreRefused(f"The database {source} is damaged ({trouble}); see to that first.")
    descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def shape_of(path: Path) -> int:
    """The number of its last migration. Raises StoreError."""
    with _refused(path):
        return backup.shape(path)


def rows_in(path: Path) -> dict[str, list[int]]:
    """How many rows there are of what people made, and the key of the newest, by table. Raises
    StoreError.
    """
    with _refused(path), closing(backup.reader(path)) as reader:
        known = {name for (name,) in reader.execute("SELECT name FROM sqlite_schema")}
        ask = "SELECT count(*), coalesce(max(rowid), 0) FROM {}"
        return {
            table: list(reader.execute(ask.format(table)).fetchone())
            for table in MADE_BY_PEOPLE
            if table in known
        }


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite.Error as error:
        raise refusal(path, error) from error


def _without_rest() -> None:
    """An update is waited for."""

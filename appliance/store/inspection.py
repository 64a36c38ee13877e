"""The database as it is looked at from outside, while a box runs or not. Nothing is changed."""

from contextlib import closing
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from appliance.store.backup import reader
from appliance.store.cells import seal_of
from appliance.store.chunk_backlog import Backlog

BACKLOG = f"""
SELECT (SELECT count(*) FROM messages m JOIN conversations c USING (conversation_key)
        WHERE m.is_chunked = 0 AND c.is_recalled AND m.role <> 'system'
          AND {seal_of("m.person_key")} IS NULL),
    (SELECT count(*) FROM chunks k WHERE {seal_of("k.person_key")} IS NULL
        AND k.embedded_in < (SELECT coalesce(max(space_key), 1) FROM spaces)),
    (SELECT count(*) FROM chunks k WHERE {seal_of("k.person_key")} IS NULL)
"""


def quick_trouble(path: Path) -> str:
    """What SQLite finds wrong with the pages; nothing if all is well."""
    try:
        with closing(reader(path)) as database:
            found = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite.DatabaseError as error:
        return str(error)
    return "" if found == ("ok",) else str(found and found[0])


def newest_moment(path: Path) -> float:
    """When the newest line of the record or message was written, in seconds since 1970; 0 if none
    was.
    """
    if not path.is_file():
        return 0
    try:
        with closing(reader(path)) as database:
            row = database.execute(
                "SELECT max(coalesce((SELECT max(at) FROM audit), 0), "
                "coalesce((SELECT max(created_at) FROM messages), 0))"
            ).fetchone()
    except sqlite.DatabaseError:
        return 0  # another check says what is wrong with it
    return float(row[0])


def backlog(path: Path) -> Backlog:
    """What recall has still to do."""
    with closing(reader(path)) as database:
        return Backlog(*database.execute(BACKLOG).fetchone())

"""The table `failed_tries`: how often a password was wrong lately, for whom and from where."""

from collections.abc import Sequence
from typing import NamedTuple

from aiosqlite import Connection

from appliance.store.rows import all_rows, changed_rows

# The oldest go, so that guessing cannot fill the disk.
SURPLUS = """
DELETE FROM failed_tries WHERE subject IN (
    SELECT subject FROM failed_tries ORDER BY last_at DESC LIMIT -1 OFFSET ?)
"""


class Failures(NamedTuple):
    """How many, and when the last one was."""

    number: int
    last_at: int


async def of(reader: Connection, subjects: Sequence[bytes]) -> dict[bytes, Failures]:
    """What is known of these; whoever has never failed is missing."""
    marks = ", ".join("?" * len(subjects))
    rows = await all_rows(
        reader,
        f"SELECT subject, failures, last_at FROM failed_tries WHERE subject IN ({marks})",
        subjects,
    )
    return {row[0]: Failures(row[1], row[2]) for row in rows}


async def count(tx: Connection, subject: bytes, failures: int, now: int) -> None:
    """That many now."""
    await changed_rows(
        tx,
        "INSERT OR REPLACE INTO failed_tries (subject, failures, last_at) VALUES (?, ?, ?)",
        (subject, failures, now),
    )


async def forget(tx: Connection, subject: bytes) -> None:
    """None any more."""
    await changed_rows(tx, "DELETE FROM failed_tries WHERE subject = ?", (subject,))


async def take_back(tx: Connection, subject: bytes) -> None:
    """One less."""
    sql = "UPDATE failed_tries SET failures = max(failures - 1, 0) WHERE subject = ?"
    await changed_rows(tx, sql, (subject,))


async def delete_surplus(tx: Connection, kept: int) -> None:
    """So many stay, the newest."""
    await changed_rows(tx, SURPLUS, (kept,))

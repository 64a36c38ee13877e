"""How the files of this folder ask: one query, one trip to the connection's thread."""

from collections.abc import Iterable
from typing import Any

from aiosqlite import Connection

Row = tuple[Any, ...]


async def all_rows(reader: Connection, sql: str, parameters: Iterable[object]) -> list[Row]:
    """Every row of the answer."""
    return list(await reader.execute_fetchall(sql, parameters))  # type: ignore[arg-type]


async def first_row(reader: Connection, sql: str, parameters: Iterable[object]) -> Row | None:
    """The first row of the answer; None when there is none."""
    rows = await all_rows(reader, sql, parameters)
    return rows[0] if rows else None


async def changed_rows(tx: Connection, sql: str, parameters: Iterable[object]) -> int:
    """How many rows an INSERT, UPDATE or DELETE changed."""
    return (await tx.execute(sql, parameters)).rowcount

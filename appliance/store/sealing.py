"""An account's words become ciphertext, or words again: all of them, in one transaction.

The full-text indexes hold nothing of a sealed account. They give up a row only by its words, so it
leaves them before it is sealed, and comes back after it was unsealed.
"""

from collections.abc import Callable
from itertools import groupby

from aiosqlite import Connection

from appliance.store import chunks, message_terms, seals, shared_links, title_terms
from appliance.store.cells import CELLS, Cell
from appliance.store.rows import all_rows, changed_rows
from appliance.store.seals import Seal

BATCH = 500
"""Rows of one statement; between two, those who wait for progress are told."""

Told = Callable[[int], None]
"""Is told how many rows were done."""

BY_TABLE = tuple((table, tuple(cells)) for table, cells in groupby(CELLS, lambda cell: cell.table))


async def count_rows(reader: Connection, person_key: int) -> int:
    """How many rows there are to seal or unseal."""
    counts = " + ".join(
        f"(SELECT count(*) FROM {table} WHERE person_key = ?1)" for table, _ in BY_TABLE
    )
    rows = await all_rows(reader, f"SELECT {counts}", (person_key,))
    return int(rows[0][0])


async def seal_all(tx: Connection, person_key: int, seal: Seal, told: Told) -> None:
    """Seal all that this person has. The key must be open. Copies that were shared end: others
    read them without a key.

    Call `database.truncate_wal()` after the block: until then the words are still in the file.
    """
    await message_terms.unindex_very_many(tx, person_key)
    await title_terms.unindex_person(tx, person_key)
    await chunks.unindex_person(tx, person_key)
    await shared_links.delete_all(tx, person_key)
    for table, cells in BY_TABLE:
        await _change(tx, person_key, seal.seal_id, "seal", table, cells, told)
    await seals.insert(tx, person_key, seal)


async def unseal_all(tx: Connection, person_key: int, seal: Seal, told: Told) -> None:
    """The other way round. The key must be open."""
    for table, cells in BY_TABLE:
        await _change(tx, person_key, seal.seal_id, "unseal", table, cells, told)
    await seals.delete(tx, person_key)
    await message_terms.index_person(tx, person_key)
    await title_terms.index_person(tx, person_key)
    await chunks.index_person(tx, person_key)


async def _change(
    tx: Connection,
    person_key: int,
    seal_id: str,
    function: str,
    table: str,
    cells: tuple[Cell, ...],
    told: Told,
) -> None:
    changes = ", ".join(
        f"{cell.column} = {function}(?2, '{table}.{cell.column}', {cell.row_id}, {cell.column})"
        for cell in cells
    )
    keys = await all_rows(
        tx, f"SELECT rowid FROM {table} WHERE person_key = ? ORDER BY rowid", (person_key,)
    )
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        await changed_rows(
            tx,
            f"UPDATE {table} SET {changes} WHERE person_key = ?1 AND rowid BETWEEN ?3 AND ?4",
            (person_key, seal_id, batch[0][0], batch[-1][0]),
        )
        told(len(batch))

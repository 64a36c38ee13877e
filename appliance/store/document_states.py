"""The table `documents`, for what reads them: a file that came in becomes passages, or a reason.

Nobody's request leads here: what is read next is the box's own business, whoever it belongs to.
"""

from dataclasses import dataclass

from aiosqlite import Connection

from appliance.store import chunks
from appliance.store.rows import all_rows, changed_rows, first_row


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document that is to be read: what its passages are put down with."""

    document_key: int
    document_id: str
    owner_key: int
    conversation_key: int | None
    name: str
    size_bytes: int
    created_at: int


async def set_received(tx: Connection, owner_key: int, document_id: str, size_bytes: int) -> bool:
    """All of its file is here; False when it was deleted meanwhile."""
    return await _change(
        tx, owner_key, document_id, "state = 'waiting', size_bytes = ?3", size_bytes
    )


async def set_refused(tx: Connection, owner_key: int, document_id: str, why: str) -> bool:
    """It cannot be read; what of it stands among the chunks goes."""
    row = await first_row(
        tx,
        "SELECT document_key FROM documents WHERE document_id = ? AND person_key = ?",
        (document_id, owner_key),
    )
    if row is not None:
        await chunks.delete_of_document(tx, owner_key, row[0])
    return await _change(
        tx, owner_key, document_id, "state = 'refused', size_bytes = 0, why = ?3", why
    )


async def set_ready(
    tx: Connection, owner_key: int, document_id: str, kind: str, pages: int, passages: int
) -> bool:
    """All of it is read."""
    return await _change(
        tx,
        owner_key,
        document_id,
        "state = 'ready', kind = ?3, pages = ?4, passages = ?5",
        *(kind, pages, passages),
    )


async def take_next(tx: Connection) -> Waiting | None:
    """The oldest that waits to be read; from now on it is being read."""
    row = await first_row(
        tx,
        """
        UPDATE documents SET state = 'reading' WHERE document_key =
            (SELECT document_key FROM documents WHERE state = 'waiting'
             ORDER BY document_key LIMIT 1)
        RETURNING document_key, document_id, person_key, conversation_key, name, size_bytes,
            created_at
        """,
        (),
    )
    return Waiting(*row) if row else None


async def is_being_read(tx: Connection, document_key: int) -> bool:
    """Whether it is still there; its chunks are written in the same transaction only then."""
    sql = "SELECT 1 FROM documents WHERE document_key = ? AND state = 'reading'"
    return await first_row(tx, sql, (document_key,)) is not None


async def wait_again(tx: Connection) -> None:
    """What was being read when that broke off is read anew."""
    rows = await all_rows(
        tx, "SELECT person_key, document_key FROM documents WHERE state = 'reading'", ()
    )
    for owner_key, document_key in rows:
        await chunks.delete_of_document(tx, owner_key, document_key)
    await changed_rows(tx, "UPDATE documents SET state = 'waiting' WHERE state = 'reading'", ())


async def delete_unreceived(tx: Connection) -> int:
    """What was being received when the box ended; how many documents it was."""
    return await changed_rows(tx, "DELETE FROM documents WHERE state = 'receiving'", ())


async def older_of_that_name(reader: Connection, newest: Waiting) -> tuple[str, ...]:
    """Ids of those that this one takes the place of: of the same name in the same place."""
    rows = await all_rows(
        reader,
        "SELECT document_id FROM documents WHERE person_key = ? AND name = ? "
        "AND conversation_key IS ? AND document_key < ? AND state <> 'receiving'",
        (newest.owner_key, newest.name, newest.conversation_key, newest.document_key),
    )
    return tuple(row[0] for row in rows)


async def _change(
    tx: Connection, owner_key: int, document_id: str, changes: str, *values: object
) -> bool:
    changed = await changed_rows(
        tx,
        f"UPDATE documents SET {changes} WHERE document_id = ?1 AND person_key = ?2",
        (document_id, owner_key, *values),
    )
    return changed == 1

"""What is kept of a person, in whatever table: counted, and erased.

Every table that holds a person's words has the column `person_key`; so this finds those that are
added later, too.
"""

from aiosqlite import Connection

from appliance.conversations.conversation import Holdings
from appliance.store import message_terms, title_terms
from appliance.store.rows import all_rows, changed_rows, first_row

COUNTS = """
SELECT
    (SELECT count(*) FROM conversations WHERE person_key = ?1),
    count(*),
    ifnull(sum(octet_length(content)), 0)
FROM messages WHERE person_key = ?1
"""
TABLES = """
SELECT DISTINCT each.name
FROM sqlite_schema AS each JOIN pragma_table_info(each.name) AS info
WHERE each.type = 'table' AND info.name = 'person_key' AND each.name <> 'people'
ORDER BY each.name
"""


async def count(reader: Connection, person_key: int) -> Holdings:
    """All conversations, with all branches. One query."""
    row = await first_row(reader, COUNTS, (person_key,))
    assert row is not None, "a count has a row"
    return Holdings(*row)


async def turn_ids(reader: Connection, person_key: int, conversation_id: str) -> tuple[str, ...]:
    """Every turn of this person's conversation: what Valkey may still hold pieces of."""
    rows = await all_rows(
        reader,
        "SELECT t.turn_id FROM turns t JOIN conversations c USING (conversation_key) "
        "WHERE c.conversation_id = ? AND c.person_key = ?",
        (conversation_id, person_key),
    )
    return tuple(row[0] for row in rows)


async def all_turn_ids(reader: Connection, person_key: int) -> tuple[str, ...]:
    """Every turn of this person."""
    rows = await all_rows(reader, "SELECT turn_id FROM turns WHERE person_key = ?", (person_key,))
    return tuple(row[0] for row in rows)


async def tables(reader: Connection) -> tuple[str, ...]:
    """The tables with a person's rows, but for `people` itself."""
    return tuple(row[0] for row in await all_rows(reader, TABLES, ()))


async def erase(tx: Connection, person_key: int) -> int:
    """Deletes every row that is this person's, and says how many; the person stays.

    Call `database.truncate_wal()` after the block, as after every deletion.
    """
    # The tables point at each other; what matters is that nothing dangles in the end.
    await tx.execute("PRAGMA defer_foreign_keys = ON")
    await message_terms.unindex_person(tx, person_key)
    await title_terms.unindex_person(tx, person_key)
    erased = 0
    for table in await tables(tx):
        erased += await changed_rows(
            tx, f'DELETE FROM "{table}" WHERE person_key = ?', (person_key,)
        )
    return erased

"""What is kept of a person, in whatever table: counted, and erased.

Every table that holds a person's words has the column `person_key`; so this finds those that are
added later, too.
"""

from collections import Counter

from aiosqlite import Connection

from appliance.conversations.deleted import Holdings
from appliance.store import chunks, message_terms, title_terms
from appliance.store.rows import all_rows, changed_rows, first_row

COUNTS = """
SELECT
    (SELECT count(*) FROM conversations WHERE person_key = ?1),
    count(*),
    ifnull(sum(octet_length(content)), 0),
    (SELECT count(*) FROM shared_links WHERE person_key = ?1),
    (SELECT count(*) FROM documents WHERE person_key = ?1)
FROM messages WHERE person_key = ?1
"""
TABLES = """
SELECT DISTINCT each.name
FROM sqlite_schema AS each JOIN pragma_table_info(each.name) AS info
WHERE each.type = 'table' AND info.name = 'person_key' AND each.name <> 'people'
ORDER BY each.name
"""
COUNTS_BY_PERSON = """
SELECT person_key,
    (SELECT count(*) FROM conversations c WHERE c.person_key = p.person_key),
    (SELECT count(*) FROM messages m WHERE m.person_key = p.person_key)
FROM people p
"""
COLUMNS = """
SELECT name FROM pragma_table_info(?) WHERE type IN ('TEXT', 'BLOB') ORDER BY cid
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


async def counts_by_person(reader: Connection) -> dict[int, tuple[int, int]]:
    """How many conversations and messages everybody has, by their key."""
    rows = await all_rows(reader, COUNTS_BY_PERSON, ())
    return {key: (conversations, messages) for key, conversations, messages in rows}


async def bytes_by_person(reader: Connection) -> dict[int, int]:
    """How many bytes of text everybody has in all tables, by their key. Lengths are read, and no
    texts.
    """
    totals: Counter[int] = Counter()
    for table in await tables(reader):
        names = [row[0] for row in await all_rows(reader, COLUMNS, (table,))]
        if not names:
            continue
        lengths = " + ".join(f'ifnull(octet_length("{name}"), 0)' for name in names)
        sql = f'SELECT person_key, sum({lengths}) FROM "{table}" GROUP BY person_key'
        totals.update({row[0]: row[1] for row in await all_rows(reader, sql, ())})
    return dict(totals)


async def erase(tx: Connection, person_key: int) -> int:
    """Deletes every row that is this person's, and says how many; the person stays.

    Call `database.truncate_wal()` after the block, as after every deletion.
    """
    # The tables point at each other; what matters is that nothing dangles in the end.
    await tx.execute("PRAGMA defer_foreign_keys = ON")
    await chunks.delete_of_person(tx, person_key)
    await message_terms.unindex_person(tx, person_key)
    await title_terms.unindex_person(tx, person_key)
    erased = 0
    for table in await tables(tx):
        erased += await changed_rows(
            tx, f'DELETE FROM "{table}" WHERE person_key = ?', (person_key,)
        )
    return erased

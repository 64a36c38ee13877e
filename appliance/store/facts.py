"""The table `facts`: what people have said of themselves, in their own words.

A fact goes with the message that it was said in; the schema sees to that.
"""

from collections.abc import Collection, Sequence

import msgspec
from aiosqlite import Connection

from appliance.conversations.fact import Fact, FactsUse, Topic
from appliance.errors import NotFound
from appliance.store.cells import FACT, FACT_TOPIC
from appliance.store.rows import Row, all_rows, changed_rows, first_row

COLUMNS = f"""
f.fact_id, c.conversation_id, m.message_id, {FACT_TOPIC.read("f")}, {FACT.read("f")}, f.said_at,
f.confidence_percent, f.is_confirmed, f.is_edited, f.superseded_at, f.superseded_by
"""
SELECT = f"""
SELECT {COLUMNS} FROM facts f
JOIN messages m ON m.message_key = f.message_key
JOIN conversations c ON c.conversation_key = m.conversation_key
"""
OF_PERSON = SELECT + "WHERE f.person_key = ? ORDER BY f.said_at DESC, f.fact_key DESC LIMIT ?"
BY_IDS = (
    SELECT + "WHERE f.person_key = ?1 AND f.fact_id IN (SELECT value FROM json_each(?2)) "
    "ORDER BY f.fact_key"
)
PAGE = f"""
SELECT f.fact_key, {COLUMNS} FROM facts f
JOIN messages m ON m.message_key = f.message_key
JOIN conversations c ON c.conversation_key = m.conversation_key
WHERE f.person_key = ?1 AND c.conversation_id = ?2 AND f.fact_key > ?3
ORDER BY f.fact_key LIMIT ?4
"""
INSERT = f"""
INSERT INTO facts (fact_id, person_key, message_key, topic, content, said_at, confidence_percent,
                   is_confirmed, is_edited, superseded_at, superseded_by)
SELECT ?2, ?1, m.message_key, {FACT_TOPIC.written("?1", "?2", "?4")},
       {FACT.written("?1", "?2", "?5")}, ?6, ?7, ?8, ?9, ?10, ?11
FROM messages m WHERE m.message_id = ?3 AND m.person_key = ?1 AND m.role = 'user'
"""
SAID_AGAIN = """
UPDATE facts SET confidence_percent = max(confidence_percent, ?4),
    message_key = (SELECT message_key FROM messages WHERE message_id = ?3 AND person_key = ?1)
WHERE fact_id = ?2 AND person_key = ?1
  AND EXISTS (SELECT 1 FROM messages WHERE message_id = ?3 AND person_key = ?1)
"""


async def insert(tx: Connection, person_key: int, fact: Fact) -> None:
    """Adds a fact. NotFound unless its message is this person's own, and still there."""
    if await changed_rows(tx, INSERT, _row(person_key, fact)) == 0:
        raise NotFound(f"There is no message {fact.message_id} in which that was said.")


async def insert_all(tx: Connection, person_key: int, whole: Sequence[Fact]) -> None:
    """Adds facts whose messages are all there."""
    added = await tx.executemany(INSERT, [_row(person_key, each) for each in whole])
    assert not whole or added.rowcount == len(whole), "a fact without its message"


async def list_all(reader: Connection, person_key: int, limit: int = -1) -> tuple[Fact, ...]:
    """All of this person's, newest first."""
    return tuple(map(_fact, await all_rows(reader, OF_PERSON, (person_key, limit))))


async def by_ids(reader: Connection, person_key: int, ids: Collection[str]) -> tuple[Fact, ...]:
    """Those of them that are this person's and still there, in the order they came. One query."""
    wanted = msgspec.json.encode(list(ids)).decode()
    return tuple(map(_fact, await all_rows(reader, BY_IDS, (person_key, wanted))))


async def page(
    reader: Connection, person_key: int, conversation_id: str, after_key: int, limit: int
) -> tuple[tuple[int, Fact], ...]:
    """Those that were said in this person's conversation, each with its key."""
    rows = await all_rows(reader, PAGE, (person_key, conversation_id, after_key, limit))
    return tuple((row[0], _fact(row[1:])) for row in rows)


async def said_again(tx: Connection, person_key: int, fact_id: str, newer: Fact) -> None:
    """The same was said once more: it goes with the newer message. Its date stays, because prompts
    that have it must not change.
    """
    await changed_rows(
        tx, SAID_AGAIN, (person_key, fact_id, newer.message_id, newer.confidence_percent)
    )


async def supersede(
    tx: Connection, person_key: int, fact_ids: Collection[str], newer_id: str, now: int
) -> int:
    """A newer fact has taken their place; how many there were."""
    wanted = msgspec.json.encode(list(fact_ids)).decode()
    return await changed_rows(
        tx,
        "UPDATE facts SET superseded_at = ?4, superseded_by = ?3 "
        "WHERE person_key = ?1 AND fact_id IN (SELECT value FROM json_each(?2))",
        (person_key, wanted, newer_id, now),
    )


async def rewrite(tx: Connection, person_key: int, fact_id: str, content: str) -> bool:
    """The person's own words from now on, and thereby confirmed. False when there is none."""
    changed = await changed_rows(
        tx,
        f"UPDATE facts SET content = {FACT.written('?1', '?2', '?3')}, is_edited = 1, "
        "is_confirmed = 1 WHERE fact_id = ?2 AND person_key = ?1",
        (person_key, fact_id, content),
    )
    return changed == 1


async def confirm(tx: Connection, person_key: int, fact_id: str) -> bool:
    """The person says that it is so. False when there is no such fact."""
    changed = await changed_rows(
        tx,
        "UPDATE facts SET is_confirmed = 1, superseded_at = NULL, superseded_by = NULL "
        "WHERE fact_id = ? AND person_key = ?",
        (fact_id, person_key),
    )
    return changed == 1


async def delete(tx: Connection, person_key: int, fact_id: str) -> bool:
    """False when there is no such fact.

    Call `database.truncate_wal()` after the block: until then the text is still in the WAL.
    """
    sql = "DELETE FROM facts WHERE fact_id = ? AND person_key = ?"
    return await changed_rows(tx, sql, (fact_id, person_key)) == 1


async def count_of_conversation(reader: Connection, person_key: int, conversation_id: str) -> int:
    """How many go with the conversation. Reads no words."""
    row = await first_row(
        reader,
        "SELECT count(*) FROM facts f JOIN messages m ON m.message_key = f.message_key "
        "JOIN conversations c ON c.conversation_key = m.conversation_key "
        "WHERE f.person_key = ? AND c.conversation_id = ?",
        (person_key, conversation_id),
    )
    return int(row[0]) if row else 0


async def count_of_message(reader: Connection, person_key: int, message_id: str) -> int:
    """How many go with the message. Reads no words."""
    row = await first_row(
        reader,
        "SELECT count(*) FROM facts f JOIN messages m ON m.message_key = f.message_key "
        "WHERE f.person_key = ? AND m.message_id = ?",
        (person_key, message_id),
    )
    return int(row[0]) if row else 0


async def use(reader: Connection, person_key: int) -> FactsUse:
    """Which facts this person lets the model read."""
    sql = "SELECT facts_use FROM people WHERE person_key = ?"
    row = await first_row(reader, sql, (person_key,))
    return FactsUse(row[0]) if row else FactsUse.OFF


async def set_use(tx: Connection, person_key: int, chosen: FactsUse) -> None:
    """From now on these."""
    sql = "UPDATE people SET facts_use = ? WHERE person_key = ?"
    await changed_rows(tx, sql, (chosen.value, person_key))


def _row(person_key: int, fact: Fact) -> Row:
    return (
        *(person_key, fact.fact_id, fact.message_id, fact.topic.value, fact.content, fact.said_at),
        *(fact.confidence_percent, fact.is_confirmed, fact.is_edited),
        *(fact.superseded_at, fact.superseded_by),
    )


def _fact(row: Row) -> Fact:
    fact_id, conversation_id, message_id, topic, content, said_at, percent, *rest = row
    is_confirmed, is_edited, superseded_at, superseded_by = rest
    return Fact(
        *(fact_id, conversation_id, message_id, Topic(topic), content, said_at, percent),
        is_confirmed=bool(is_confirmed),
        is_edited=bool(is_edited),
        superseded_at=superseded_at,
        superseded_by=superseded_by,
    )

"""Ways through the tree of the table `messages`: along a branch, beside a message, below it."""

from collections.abc import Collection

import msgspec
from aiosqlite import Connection

from appliance.conversations.conversation import Message
from appliance.store.messages import COLUMNS, JOINS, message_of
from appliance.store.rows import all_rows, first_row

# From the leaf towards the root, as far as one message and not further: keys alone, because only
# the oldest of them are wanted with their texts. A parent's key is smaller than its child's.
SINCE = f"""
WITH RECURSIVE
oldest (message_key) AS MATERIALIZED (
    SELECT message_key FROM messages WHERE message_id = ?4 AND person_key = ?1
),
walk (message_key, parent_key) AS (
    SELECT leaf.message_key, leaf.parent_key
    FROM messages leaf JOIN conversations c ON c.conversation_key = leaf.conversation_key
    WHERE leaf.message_id = ?3 AND leaf.person_key = ?1 AND c.conversation_id = ?2
    UNION ALL
    SELECT m.message_key, m.parent_key
    FROM walk CROSS JOIN messages m ON m.message_key = walk.parent_key AND m.person_key = ?1
    WHERE walk.message_key > (SELECT message_key FROM oldest)
    LIMIT ?5
)
SELECT {COLUMNS} FROM walk CROSS JOIN messages m ON m.message_key = walk.message_key {JOINS}
WHERE walk.message_key >= (SELECT message_key FROM oldest)
ORDER BY walk.message_key LIMIT ?6
"""

# Few have one beside them, so this is little more than a row for each. The first messages of a
# conversation have no parent to find the others by: those are looked for in the conversation.
SIBLINGS = """
SELECT m.message_id, beside.message_id, beside.message_key AS place
FROM json_each(?3) wanted
CROSS JOIN messages m ON m.message_id = wanted.value AND m.person_key = ?1
CROSS JOIN conversations c ON c.conversation_key = m.conversation_key AND c.conversation_id = ?2
CROSS JOIN messages beside ON beside.parent_key = m.parent_key
UNION ALL
SELECT m.message_id, beside.message_id, beside.message_key
FROM json_each(?3) wanted
CROSS JOIN messages m ON m.message_id = wanted.value AND m.person_key = ?1
CROSS JOIN conversations c ON c.conversation_key = m.conversation_key AND c.conversation_id = ?2
CROSS JOIN messages beside INDEXED BY messages_by_conversation
    ON beside.conversation_key = m.conversation_key AND beside.parent_key IS NULL
WHERE m.parent_key IS NULL
ORDER BY place
"""

CHILDREN = """
SELECT child.message_id FROM messages m
CROSS JOIN messages child ON child.parent_key = m.message_key
WHERE m.message_id = ?2 AND m.person_key = ?1 ORDER BY child.message_key
"""

# The newest message below another has nothing below it: children are newer than their parents.
NEWEST_LEAF = """
WITH RECURSIVE below (message_key) AS (
    SELECT message_key FROM messages WHERE message_id = ?2 AND person_key = ?1
    UNION ALL
    SELECT m.message_key
    FROM below CROSS JOIN messages m ON m.parent_key = below.message_key AND m.person_key = ?1
)
SELECT message_id FROM messages WHERE message_key = (SELECT max(message_key) FROM below)
"""

ENDS = f"""
SELECT {COLUMNS} FROM conversations c
CROSS JOIN messages m ON m.conversation_key = c.conversation_key
LEFT JOIN messages parent ON parent.message_key = m.parent_key
WHERE c.conversation_id = ?2 AND c.person_key = ?1
"""
OLDEST = ENDS + "ORDER BY m.message_key LIMIT 1"
NEWEST = ENDS + "ORDER BY m.message_key DESC LIMIT 1"


async def since(
    reader: Connection,
    person_key: int,
    conversation_id: str,
    leaf_id: str,
    first_id: str,
    limit: int,
    most_steps: int = -1,
) -> tuple[Message, ...]:
    """The path from `first_id` to `leaf_id`, oldest first; `limit` keeps the oldest. One query.

    Empty when `first_id` is not on that branch, or more than `most_steps` away from its end.
    """
    parameters = (person_key, conversation_id, leaf_id, first_id, most_steps, limit)
    path = tuple(message_of(row) for row in await all_rows(reader, SINCE, parameters))
    return path if path and path[0].message_id == first_id else ()


async def siblings(
    reader: Connection, person_key: int, conversation_id: str, message_ids: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Which messages stand in the same place as each of these, itself among them, oldest first.

    Only where there are several. One query.
    """
    wanted = msgspec.json.encode(list(message_ids)).decode()
    found: dict[str, list[str]] = {}
    for message_id, beside_id, _ in await all_rows(
        reader, SIBLINGS, (person_key, conversation_id, wanted)
    ):
        found.setdefault(message_id, []).append(beside_id)
    return {message_id: tuple(ids) for message_id, ids in found.items() if len(ids) > 1}


async def children(reader: Connection, person_key: int, message_id: str) -> tuple[str, ...]:
    """The ids of what follows this message on any branch, oldest first."""
    return tuple(row[0] for row in await all_rows(reader, CHILDREN, (person_key, message_id)))


async def newest_leaf(reader: Connection, person_key: int, message_id: str) -> str | None:
    """The newest message below this one, or itself; None when there is no such message."""
    row = await first_row(reader, NEWEST_LEAF, (person_key, message_id))
    return row[0] if row else None


async def oldest(reader: Connection, person_key: int, conversation_id: str) -> Message | None:
    """What the conversation began with."""
    row = await first_row(reader, OLDEST, (person_key, conversation_id))
    return message_of(row) if row else None


async def newest(reader: Connection, person_key: int, conversation_id: str) -> Message | None:
    """What was said last, on any branch."""
    row = await first_row(reader, NEWEST, (person_key, conversation_id))
    return message_of(row) if row else None

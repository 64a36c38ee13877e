"""The table `messages`: a tree, each message under the one it follows."""

from aiosqlite import Connection

from appliance.conversations.conversation import Message, Role
from appliance.errors import NotFound
from appliance.store import chunks, message_terms
from appliance.store.cells import CONTENT
from appliance.store.rows import Row, all_rows, changed_rows, first_row

COLUMNS = f"""
m.message_id, c.conversation_id, parent.message_id, m.role, {CONTENT.read("m")}, m.created_at
"""
JOINS = """
JOIN conversations c ON c.conversation_key = m.conversation_key
LEFT JOIN messages parent ON parent.message_key = m.parent_key
"""
SELECT = f"SELECT {COLUMNS} FROM messages m {JOINS}"

INSERT = f"""
INSERT INTO messages (message_id, person_key, conversation_key, parent_key,
                      role, content, created_at, client_message_id)
SELECT ?1, c.person_key, c.conversation_key, parent.message_key, ?5,
       {CONTENT.written("c.person_key", "?1", "?6")}, ?7, ?8
FROM conversations c
LEFT JOIN messages parent
       ON parent.message_id = ?4 AND parent.conversation_key = c.conversation_key
WHERE c.conversation_id = ?3 AND c.person_key = ?2
  AND (?4 IS NULL OR parent.message_key IS NOT NULL)
"""

# Walks from the leaf towards the root and stops after `limit` steps, so the newest 50 of a long
# branch touch 50 rows. Keys are walked first and texts fetched after: a walk carries no content.
BRANCH = f"""
WITH RECURSIVE walk (message_key, parent_key) AS (
    SELECT leaf.message_key, leaf.parent_key
    FROM messages leaf JOIN conversations c ON c.conversation_key = leaf.conversation_key
    WHERE leaf.message_id = ?3 AND leaf.person_key = ?1 AND c.conversation_id = ?2
    UNION ALL
    SELECT m.message_key, m.parent_key
    FROM walk CROSS JOIN messages m ON m.message_key = walk.parent_key AND m.person_key = ?1
    LIMIT ?4
)
SELECT {COLUMNS} FROM walk CROSS JOIN messages m ON m.message_key = walk.message_key {JOINS}
ORDER BY m.message_key
"""

# The same walk, of keys alone: long branches are counted in milliseconds.
LENGTH = """
WITH RECURSIVE walk (message_key, parent_key) AS (
    SELECT leaf.message_key, leaf.parent_key
    FROM messages leaf JOIN conversations c ON c.conversation_key = leaf.conversation_key
    WHERE leaf.message_id = ?3 AND leaf.person_key = ?1 AND c.conversation_id = ?2
    UNION ALL
    SELECT m.message_key, m.parent_key
    FROM walk CROSS JOIN messages m ON m.message_key = walk.parent_key AND m.person_key = ?1
)
SELECT count(*) FROM walk
"""

# Text that is there is only ever made longer. As bytes, because SQLite's characters end at a NUL.
WRITTEN = f"CAST({CONTENT.read('messages')} AS BLOB)"
EXTEND = f"""
UPDATE messages SET content = {CONTENT.written("?1", "?2", "?3")}, is_chunked = 0
WHERE message_id = ?2 AND person_key = ?1 AND role = 'assistant'
  AND substr(CAST(?3 AS BLOB), 1, length({WRITTEN})) = {WRITTEN}
"""

# A person's message and the replies to it.
PAIR = """
SELECT asked.message_key FROM messages asked
WHERE asked.message_id = ?2 AND asked.person_key = ?1 AND asked.role = 'user'
UNION ALL
SELECT reply.message_key FROM messages asked
CROSS JOIN messages reply ON reply.parent_key = asked.message_key AND reply.role = 'assistant'
WHERE asked.message_id = ?2 AND asked.person_key = ?1 AND asked.role = 'user'
"""
# What followed hangs on what stood before.
CLOSE_THE_GAP = f"""
UPDATE messages SET parent_key =
    (SELECT asked.parent_key FROM messages asked
     WHERE asked.message_id = ?2 AND asked.person_key = ?1)
WHERE person_key = ?1 AND parent_key IN ({PAIR}) AND message_key NOT IN ({PAIR})
"""
PAIR_IDS = f"SELECT m.message_id FROM messages m WHERE m.message_key IN ({PAIR})"
DELETE_PAIR = f"DELETE FROM messages WHERE person_key = ?1 AND message_key IN ({PAIR})"
DELETE_ALL = """
DELETE FROM messages WHERE person_key = ?1 AND conversation_key =
    (SELECT c.conversation_key FROM conversations c
     WHERE c.conversation_id = ?2 AND c.person_key = ?1)
"""


async def insert(
    tx: Connection, person_key: int, message: Message, client_message_id: str | None
) -> None:
    """Adds a message, findable. NotFound unless its conversation is this person's and holds its
    parent.

    A `client_message_id` that this person has used already is a StoreError: look with
    `find_by_client_id` in the same block first.
    """
    changed = await changed_rows(
        tx,
        INSERT,
        (
            message.message_id,
            person_key,
            message.conversation_id,
            message.parent_id,
            message.role.value,
            message.content,
            message.created_at,
            client_message_id,
        ),
    )
    if changed == 0:
        raise NotFound(
            f"There is no conversation {message.conversation_id} "
            f"that holds a message {message.parent_id}."
        )
    await message_terms.index(tx, person_key, [message.message_id])


async def extend(tx: Connection, person_key: int, message_id: str, content: str) -> bool:
    """Makes a reply longer. False when there is none, or its text is not how `content` begins."""
    await chunks.delete_of_messages(tx, person_key, [message_id])
    await message_terms.unindex(tx, person_key, [message_id])
    changed = await changed_rows(tx, EXTEND, (person_key, message_id, content))
    await message_terms.index(tx, person_key, [message_id])
    return changed == 1


async def delete_pair(tx: Connection, person_key: int, message_id: str) -> int:
    """Deletes this person's message and the replies to it; how many went, 0 when there is none.

    What followed them follows what stood before them. Delete their turns first.
    """
    pair = [row[0] for row in await all_rows(tx, PAIR_IDS, (person_key, message_id))]
    await chunks.delete_of_messages(tx, person_key, pair)
    await message_terms.unindex(tx, person_key, pair)
    await changed_rows(tx, CLOSE_THE_GAP, (person_key, message_id))
    return await changed_rows(tx, DELETE_PAIR, (person_key, message_id))


async def delete_all(tx: Connection, person_key: int, conversation_id: str) -> int:
    """Deletes every message of the conversation; how many there were. Delete its turns first."""
    await chunks.delete_of_conversation(tx, person_key, conversation_id)
    await message_terms.unindex_conversation(tx, person_key, conversation_id)
    return await changed_rows(tx, DELETE_ALL, (person_key, conversation_id))


async def find(reader: Connection, person_key: int, message_id: str) -> Message | None:
    """This person's message of that id."""
    row = await first_row(
        reader, SELECT + "WHERE m.message_id = ? AND m.person_key = ?", (message_id, person_key)
    )
    return message_of(row) if row else None


async def find_by_client_id(
    reader: Connection, person_key: int, client_message_id: str
) -> Message | None:
    """The message that this person's browser sent under that id, if it was accepted before."""
    row = await first_row(
        reader,
        SELECT + "WHERE m.person_key = ? AND m.client_message_id = ?",
        (person_key, client_message_id),
    )
    return message_of(row) if row else None


async def branch(
    reader: Connection,
    person_key: int,
    conversation_id: str,
    leaf_id: str,
    limit: int | None = None,
) -> tuple[Message, ...]:
    """The path from the root to `leaf_id`, oldest first; `limit` keeps the newest. One query."""
    parameters = (person_key, conversation_id, leaf_id, -1 if limit is None else limit)
    return tuple(message_of(row) for row in await all_rows(reader, BRANCH, parameters))


async def branch_length(
    reader: Connection, person_key: int, conversation_id: str, leaf_id: str
) -> int:
    """How many messages the path from the root to `leaf_id` has. One query."""
    row = await first_row(reader, LENGTH, (person_key, conversation_id, leaf_id))
    assert row is not None, "a count has a row"
    return int(row[0])


def message_of(row: Row) -> Message:
    """A message from its COLUMNS."""
    message_id, conversation_id, parent_id, role, content, created_at = row
    return Message(message_id, conversation_id, parent_id, Role(role), content, created_at)

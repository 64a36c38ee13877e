"""The table `summaries`: what a model reads for messages that no longer fit.

A summary covers messages that follow each other on one branch. It goes with the first of them that
is deleted; the schema sees to that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec
from aiosqlite import Connection

from appliance.conversations.conversation import Summary
from appliance.errors import NotFound
from appliance.store.cells import SUMMARY
from appliance.store.rows import Row, all_rows, changed_rows, first_row

COLUMNS = f"""
s.summary_id, c.conversation_id, first.message_id, last.message_id,
s.first_message_key, s.last_message_key,
(SELECT count(*) FROM json_each(s.branch_keys) WHERE value >= s.first_message_key),
first.created_at, last.created_at, s.created_at, s.model_sha256, s.is_edited, {SUMMARY.read("s")}
"""
JOINS = """
JOIN conversations c ON c.conversation_key = s.conversation_key
JOIN messages first ON first.message_key = s.first_message_key
JOIN messages last ON last.message_key = s.last_message_key
"""
FIND = f"""
SELECT {COLUMNS} FROM summaries s {JOINS} WHERE s.summary_id = ?2 AND s.person_key = ?1
"""

# A parent has a lower key than its child, so the walk from the leaf ends where the oldest summary
# does, and at the leaf itself when there is none.
ON_BRANCH = f"""
WITH RECURSIVE
of_conversation (conversation_key, oldest_key) AS (
    SELECT c.conversation_key, (SELECT min(s.last_message_key) FROM summaries s
                                WHERE s.conversation_key = c.conversation_key)
    FROM conversations c WHERE c.conversation_id = ?2 AND c.person_key = ?1
),
walk (message_key, parent_key) AS (
    SELECT leaf.message_key, leaf.parent_key
    FROM messages leaf JOIN of_conversation o ON o.conversation_key = leaf.conversation_key
    WHERE leaf.message_id = ?3 AND leaf.person_key = ?1
    UNION ALL
    SELECT m.message_key, m.parent_key
    FROM walk CROSS JOIN messages m ON m.message_key = walk.parent_key AND m.person_key = ?1
    WHERE walk.parent_key >= (SELECT oldest_key FROM of_conversation)
)
SELECT {COLUMNS}
FROM of_conversation CROSS JOIN walk CROSS JOIN summaries s
  ON s.conversation_key = of_conversation.conversation_key
 AND s.last_message_key = walk.message_key AND s.person_key = ?1
{JOINS}
ORDER BY s.last_message_key, s.summary_key
"""

# All branches, as an export reads them.
PAGE = f"""
SELECT s.summary_key, {COLUMNS}
FROM summaries s {JOINS}
WHERE c.person_key = ?1 AND c.conversation_id = ?2 AND s.summary_key > ?3
ORDER BY s.summary_key LIMIT ?4
"""

# The walk goes from the last message to the root. What was to be covered and is not there any more
# leaves too few.
INSERT = f"""
WITH RECURSIVE walk (message_key, parent_key, conversation_key) AS (
    SELECT last.message_key, last.parent_key, last.conversation_key
    FROM messages last JOIN conversations c ON c.conversation_key = last.conversation_key
    WHERE last.message_id = ?5 AND last.person_key = ?1 AND c.conversation_id = ?3
    UNION ALL
    SELECT m.message_key, m.parent_key, m.conversation_key
    FROM walk CROSS JOIN messages m ON m.message_key = walk.parent_key AND m.person_key = ?1
),
first (message_key) AS (
    SELECT message_key FROM messages WHERE message_id = ?4 AND person_key = ?1
)
INSERT INTO summaries (summary_id, person_key, conversation_key, first_message_key,
                       last_message_key, created_at, model_sha256, branch_keys, content,
                       is_edited)
SELECT ?2, ?1, max(walk.conversation_key), max(first.message_key), max(walk.message_key), ?7, ?8,
       json_group_array(walk.message_key), {SUMMARY.written("?1", "?2", "?9")}, ?10
FROM walk CROSS JOIN first
HAVING total(walk.message_key = first.message_key) = 1
   AND total(walk.message_key >= first.message_key) = ?6
"""

# Made by the model, of messages of which this person has just said something else.
DELETE_MADE_BESIDE = """
DELETE FROM summaries AS s
WHERE s.person_key = ?1 AND s.is_edited = 0 AND s.summary_id <> ?2
  AND s.conversation_key = (SELECT own.conversation_key FROM summaries own
                            WHERE own.summary_id = ?2 AND own.person_key = ?1)
  AND EXISTS (SELECT 1 FROM summaries own
              WHERE own.summary_id = ?2
                AND own.first_message_key <= s.last_message_key
                AND own.last_message_key >= s.first_message_key)
"""


async def insert(
    tx: Connection,
    person_key: int,
    *,
    summary_id: str,
    conversation_id: str,
    first_message_id: str,
    last_message_id: str,
    message_count: int,
    created_at: int,
    model_sha256: str,
    content: str,
) -> None:
    """Adds a summary of `message_count` messages that follow each other. NotFound unless all of
    them are still there, and this person's.
    """
    changed = await changed_rows(
        tx,
        INSERT,
        (
            *(person_key, summary_id, conversation_id, first_message_id, last_message_id),
            *(message_count, created_at, model_sha256, content, False),
        ),
    )
    if changed == 0:
        raise NotFound(
            f"The messages from {first_message_id} to {last_message_id} are not all there any more."
        )


async def insert_all(tx: Connection, person_key: int, whole: Sequence[Summary]) -> None:
    """Adds summaries whose messages are all there."""
    added = await tx.executemany(
        INSERT,
        [
            (
                *(person_key, each.summary_id, each.conversation_id),
                *(each.first_message_id, each.last_message_id, each.message_count),
                *(each.created_at, each.model_sha256, each.content, each.is_edited),
            )
            for each in whole
        ],
    )
    assert not whole or added.rowcount == len(whole), "a summary without its messages"


async def find(reader: Connection, person_key: int, summary_id: str) -> Summary | None:
    """This person's summary of that id."""
    row = await first_row(reader, FIND, (person_key, summary_id))
    return _summary(row) if row else None


async def on_branch(
    reader: Connection, person_key: int, conversation_id: str, leaf_id: str
) -> tuple[Summary, ...]:
    """Those that cover messages of the branch that ends at `leaf_id`, by how far they reach."""
    rows = await all_rows(reader, ON_BRANCH, (person_key, conversation_id, leaf_id))
    return tuple(_summary(row) for row in rows)


async def page(
    reader: Connection, person_key: int, conversation_id: str, after_key: int, limit: int
) -> tuple[tuple[int, Summary], ...]:
    """Those of all branches of this person's conversation, oldest first, each with its key."""
    rows = await all_rows(reader, PAGE, (person_key, conversation_id, after_key, limit))
    return tuple((row[0], _summary(row[1:])) for row in rows)


async def rewrite(tx: Connection, person_key: int, summary_id: str, content: str) -> bool:
    """The person's own words from now on, or none. False when there is no such summary."""
    changed = await changed_rows(
        tx,
        f"UPDATE summaries SET content = {SUMMARY.written('?1', '?2', '?3')}, is_edited = 1 "
        "WHERE summary_id = ?2 AND person_key = ?1",
        (person_key, summary_id, content),
    )
    return changed == 1


async def delete_made_beside(tx: Connection, person_key: int, summary_id: str) -> int:
    """Deletes what the model made of any of the same messages; what a person wrote stays."""
    return await changed_rows(tx, DELETE_MADE_BESIDE, (person_key, summary_id))


async def delete(tx: Connection, person_key: int, summary_ids: Iterable[str]) -> int:
    """Deletes these; returns how many there were.

    Call `database.truncate_wal()` after the block: until then the text is still in the WAL.
    """
    wanted = msgspec.json.encode(list(summary_ids)).decode()
    return await changed_rows(
        tx,
        "DELETE FROM summaries WHERE person_key = ?1 "
        "AND summary_id IN (SELECT value FROM json_each(?2))",
        (person_key, wanted),
    )


def _summary(row: Row) -> Summary:
    summary = Summary(*row)
    return replace(summary, is_edited=bool(summary.is_edited))

"""Looking things up in the full-text indexes. `match` is an expression of FTS5."""

from collections.abc import Sequence

import msgspec
from aiosqlite import Connection

from appliance.conversations.conversation import Conversation, FoundMessage, Message, Role
from appliance.store import conversations, messages
from appliance.store.cells import TITLE
from appliance.store.rows import Row, all_rows, first_row

# The best keys first, and the texts only of those: sorting carries no content.
MESSAGES = f"""
WITH found AS (
    SELECT m.message_key, message_terms.rank AS score
    FROM message_terms CROSS JOIN messages m ON m.message_key = message_terms.rowid
    WHERE message_terms MATCH ?2 AND m.person_key = ?1
    ORDER BY message_terms.rank, m.message_key DESC LIMIT ?3 OFFSET ?4
)
SELECT {messages.COLUMNS}, {TITLE.read("c")}
FROM found CROSS JOIN messages m ON m.message_key = found.message_key {messages.JOINS}
ORDER BY found.score, m.message_key DESC
"""
TITLES = f"""
WITH found AS (
    SELECT c.conversation_key, title_terms.rank AS score
    FROM title_terms CROSS JOIN conversations c ON c.conversation_key = title_terms.rowid
    WHERE title_terms MATCH ?2 AND c.person_key = ?1
    ORDER BY title_terms.rank, c.activity DESC LIMIT ?3
)
SELECT {conversations.COLUMNS}
FROM found CROSS JOIN conversations c ON c.conversation_key = found.conversation_key
{conversations.JOINS}
ORDER BY found.score, c.activity DESC
"""
ANY = """
SELECT 1 FROM message_terms CROSS JOIN messages m ON m.message_key = message_terms.rowid
WHERE message_terms MATCH ?2 AND m.person_key = ?1
UNION ALL
SELECT 1 FROM title_terms CROSS JOIN conversations c ON c.conversation_key = title_terms.rowid
WHERE title_terms MATCH ?2 AND c.person_key = ?1
LIMIT 1
"""

# Newest first, keys alone; and then the texts of a few of them.
NEWEST_KEYS = """
SELECT message_key FROM messages WHERE person_key = ? ORDER BY message_key DESC LIMIT ?
"""
OF_KEYS = f"""
SELECT {messages.COLUMNS}, {TITLE.read("c")}
FROM json_each(?2) wanted
CROSS JOIN messages m ON m.message_key = wanted.value AND m.person_key = ?1 {messages.JOINS}
ORDER BY m.message_key DESC
"""
NEWEST_TITLES = conversations.SELECT + "WHERE c.person_key = ? ORDER BY c.activity DESC LIMIT ?"


async def messages_matching(
    reader: Connection, person_key: int, match: str, limit: int, offset: int = 0
) -> tuple[FoundMessage, ...]:
    """This person's messages, the best first. One query."""
    rows = await all_rows(reader, MESSAGES, (person_key, match, limit, offset))
    return tuple(_found(row) for row in rows)


async def titles_matching(
    reader: Connection, person_key: int, match: str, limit: int
) -> tuple[Conversation, ...]:
    """This person's conversations by their titles, the best first. One query."""
    rows = await all_rows(reader, TITLES, (person_key, match, limit))
    return tuple(conversations.conversation_of(row) for row in rows)


async def anything_matching(reader: Connection, person_key: int, match: str) -> bool:
    """Whether this person has any such message or title; much cheaper than finding the best."""
    return await first_row(reader, ANY, (person_key, match)) is not None


async def newest_titles(
    reader: Connection, person_key: int, limit: int
) -> tuple[Conversation, ...]:
    """This person's conversations, in the archive or not, with the newest activity first."""
    rows = await all_rows(reader, NEWEST_TITLES, (person_key, limit))
    return tuple(conversations.conversation_of(row) for row in rows)


async def newest_keys(reader: Connection, person_key: int, limit: int) -> tuple[int, ...]:
    """The keys of what this person has, the newest first."""
    return tuple(row[0] for row in await all_rows(reader, NEWEST_KEYS, (person_key, limit)))


async def messages_of_keys(
    reader: Connection, person_key: int, keys: Sequence[int]
) -> tuple[FoundMessage, ...]:
    """Those that are still there, the newest first."""
    wanted = msgspec.json.encode(list(keys)).decode()
    return tuple(_found(row) for row in await all_rows(reader, OF_KEYS, (person_key, wanted)))


def _found(row: Row) -> FoundMessage:
    message_id, conversation_id, parent_id, role, content, created_at, title = row
    return FoundMessage(
        Message(message_id, conversation_id, parent_id, Role(role), content, created_at), title
    )

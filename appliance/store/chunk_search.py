"""Looking chunks up: by their terms, and what is to be told of those that were found.

What a question may see of a person's chunks: what was said in any conversation that is not left out
of recall, and documents of the library or of this very conversation. Of everybody's: the library.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from aiosqlite import Connection

from appliance.store.cells import CHUNK_HEADING, CHUNK_TEXT, TITLE
from appliance.store.rows import Row, all_rows, first_row

# Of documents that belong to a conversation only that one's are seen; of messages all others'.
VISIBLE = """
(CASE WHEN k.message_key IS NULL THEN k.conversation_key IS NULL OR k.conversation_key = ?3
      ELSE k.conversation_key IS NOT ?2 AND c.is_recalled END)
"""
MATCHING = f"""
SELECT k.chunk_key, -chunk_terms.rank
FROM chunk_terms CROSS JOIN chunks k ON k.chunk_key = chunk_terms.rowid
LEFT JOIN conversations c ON c.conversation_key = k.conversation_key
WHERE chunk_terms MATCH ?4 AND k.person_key IN (?1, 0) AND {VISIBLE}
ORDER BY chunk_terms.rank, k.chunk_key DESC LIMIT ?5
"""
OF_KEYS = f"""
SELECT k.chunk_key, k.message_key, k.document_key, k.passage, k.page, k.said_at,
    {CHUNK_HEADING.read("k")}, {CHUNK_TEXT.read("k")},
    c.conversation_id, m.message_id, m.role, {TITLE.read("c")}
FROM json_each(?4) wanted
CROSS JOIN chunks k ON k.chunk_key = wanted.value AND k.person_key IN (?1, 0)
LEFT JOIN conversations c ON c.conversation_key = k.conversation_key
LEFT JOIN messages m ON m.message_key = k.message_key
WHERE {VISIBLE}
ORDER BY wanted.key
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose chunks, without which conversation, and with the documents of which."""

    person_key: int
    without_key: int | None = None
    with_key: int | None = None

    @property
    def bounds(self) -> Row:
        return (self.person_key, self.without_key, self.with_key)


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """A chunk with what is to be told of its source."""

    chunk_key: int
    message_key: int | None
    document_key: int | None
    passage: int
    page: int | None
    said_at: int
    heading: str
    text: str
    conversation_id: str | None
    message_id: str | None
    role: str | None
    title: str | None


async def scope(
    reader: Connection, person_key: int, without: str | None, conversation: str | None
) -> Scope:
    """What this person's question may see; a conversation of somebody else is none."""
    return Scope(
        person_key,
        await _conversation_key(reader, person_key, without),
        await _conversation_key(reader, person_key, conversation),
    )


async def matching(
    reader: Connection, within: Scope, match: str, limit: int
) -> list[tuple[int, float]]:
    """The keys of the chunks that have the terms, the best first, each with its BM25."""
    rows = await all_rows(reader, MATCHING, (*within.bounds, match, limit))
    return [(key, score) for key, score in rows]


async def of_keys(reader: Connection, within: Scope, keys: Sequence[int]) -> list[FoundChunk]:
    """What these are, in this order, as far as the question may see them."""
    wanted = msgspec.json.encode(list(keys)).decode()
    return [FoundChunk(*row) for row in await all_rows(reader, OF_KEYS, (*within.bounds, wanted))]


async def _conversation_key(
    reader: Connection, person_key: int, conversation_id: str | None
) -> int | None:
    if conversation_id is None:
        return None
    row = await first_row(
        reader,
        "SELECT conversation_key FROM conversations WHERE conversation_id = ? AND person_key = ?",
        (conversation_id, person_key),
    )
    return row[0] if row else None

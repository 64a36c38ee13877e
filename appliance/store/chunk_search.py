"""Looking chunks up: by their terms, what stands beside them, and what is to be told of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from aiosqlite import Connection

from appliance.store.cells import CHUNK_HEADING, CHUNK_TEXT, TITLE
from appliance.store.chunk_scope import Scope
from appliance.store.chunk_terms import owned
from appliance.store.rows import all_rows, first_row

# Of documents that belong to a conversation only that one's are seen; of messages all others'.
VISIBLE = """
(CASE WHEN k.message_key IS NULL THEN k.conversation_key IS NULL OR k.conversation_key IS ?3
      ELSE k.conversation_key IS NOT ?2 AND c.is_recalled END)
"""
MATCHING = f"""
SELECT k.chunk_key, -chunk_terms.rank
FROM chunk_terms CROSS JOIN chunks k ON k.chunk_key = chunk_terms.rowid
LEFT JOIN conversations c ON c.conversation_key = k.conversation_key
WHERE chunk_terms MATCH ?4 AND k.person_key IN (?1, 0) AND {VISIBLE}
ORDER BY chunk_terms.rank, k.chunk_key DESC LIMIT ?5
"""
COUNT_WORD = "SELECT count(*) FROM chunk_terms WHERE chunk_terms MATCH ?"
COUNT_ALL = "SELECT count(*) FROM chunks WHERE person_key = ?"
# Beside a part of a message stand its other parts, else what it answers and what answers it; beside
# a passage those before and after.
BESIDE = """
SELECT k.chunk_key,
    CASE WHEN k.message_key IS NULL
    THEN (SELECT b.chunk_key FROM chunks b
          WHERE b.document_key = k.document_key AND b.passage < k.passage
            AND b.person_key = k.person_key ORDER BY b.passage DESC LIMIT 1)
    ELSE ifnull(
        (SELECT b.chunk_key FROM chunks b
         WHERE b.message_key = k.message_key AND b.passage = k.passage - 1),
        (SELECT b.chunk_key FROM messages m CROSS JOIN chunks b ON b.message_key = m.parent_key
         WHERE m.message_key = k.message_key ORDER BY b.passage DESC LIMIT 1)) END,
    CASE WHEN k.message_key IS NULL
    THEN (SELECT b.chunk_key FROM chunks b
          WHERE b.document_key = k.document_key AND b.passage > k.passage
            AND b.person_key = k.person_key ORDER BY b.passage LIMIT 1)
    ELSE ifnull(
        (SELECT b.chunk_key FROM chunks b
         WHERE b.message_key = k.message_key AND b.passage = k.passage + 1),
        (SELECT b.chunk_key FROM messages m CROSS JOIN chunks b ON b.message_key = m.message_key
         WHERE m.parent_key = k.message_key AND b.passage = 1
         ORDER BY m.message_key DESC LIMIT 1)) END
FROM json_each(?2) wanted
CROSS JOIN chunks k ON k.chunk_key = wanted.value AND k.person_key IN (?1, 0)
"""
OF_KEYS = f"""
SELECT k.chunk_key, k.document_key, k.passage, k.page, k.said_at,
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
class FoundChunk:
    """A chunk with what is to be told of its source."""

    chunk_key: int
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

    @property
    def whole(self) -> str:
        """With its heading: what the index has terms of."""
        return f"{self.heading}\n{self.text}"


async def matching(
    reader: Connection, within: Scope, match: str, limit: int
) -> list[tuple[int, float]]:
    """The keys of the chunks that have the terms, the best first, each with its BM25."""
    rows = await all_rows(reader, MATCHING, (*within.bounds, match, limit))
    return [(key, score) for key, score in rows]


async def counts_of_words(
    reader: Connection, person_key: int, words: Sequence[str]
) -> tuple[int, dict[str, int]]:
    """How many chunks this person has, and how many of them have each word."""
    counted = " UNION ALL ".join([COUNT_WORD] * len(words)) or "SELECT 0 WHERE 0"
    rows = await all_rows(reader, counted, [f'"{owned(person_key, word)}"' for word in words])
    everything = await first_row(reader, COUNT_ALL, (person_key,))
    assert everything is not None, "a count has a row"
    return everything[0], {word: row[0] for word, row in zip(words, rows, strict=True)}


async def beside(
    reader: Connection, person_key: int, keys: Sequence[int]
) -> dict[int, tuple[int | None, int | None]]:
    """For each chunk the one before it and the one after it. One query."""
    rows = await all_rows(reader, BESIDE, (person_key, _json(keys)))
    return {key: (before, after) for key, before, after in rows}


async def of_keys(reader: Connection, within: Scope, keys: Sequence[int]) -> list[FoundChunk]:
    """What these are, in this order, as far as the question may see them."""
    rows = await all_rows(reader, OF_KEYS, (*within.bounds, _json(keys)))
    return [FoundChunk(*row) for row in rows]


def _json(keys: Sequence[int]) -> str:
    return msgspec.json.encode(list(keys)).decode()

"""What is not indexed yet: a question to the tables, so that whoever stops in the middle goes on
where it stopped.

Of sealed accounts nothing is indexed, and nothing of what is left out of recall: such messages are
done as they are, and are asked for again by `recall_again`.
"""

from dataclasses import dataclass

import msgspec
from aiosqlite import Connection

from appliance.conversations.conversation import Role
from appliance.store.cells import CHUNK_HEADING, CHUNK_TEXT, CONTENT, seal_of
from appliance.store.rows import all_rows, changed_rows, first_row

UNCUT = f"""
SELECT m.message_key, m.person_key, {CONTENT.read("m")}
FROM messages m JOIN conversations c ON c.conversation_key = m.conversation_key
WHERE m.is_chunked = 0 AND c.is_recalled AND m.role <> 'system'
  AND {seal_of("m.person_key")} IS NULL
ORDER BY m.message_key LIMIT ?
"""
PASS_OVER = f"""
UPDATE messages SET is_chunked = 1
WHERE is_chunked = 0 AND (role = 'system' OR {seal_of("person_key")} IS NOT NULL OR EXISTS (
    SELECT 1 FROM conversations c
    WHERE c.conversation_key = messages.conversation_key AND NOT c.is_recalled))
"""
UNEMBEDDED = f"""
SELECT k.chunk_key, m.role, p.name, k.said_at, {CHUNK_HEADING.read("k")}, {CHUNK_TEXT.read("k")}
FROM chunks k
LEFT JOIN messages m ON m.message_key = k.message_key
LEFT JOIN people p ON p.person_key = k.person_key
WHERE k.embedded_in < ? AND {seal_of("k.person_key")} IS NULL
ORDER BY k.embedded_in, k.chunk_key LIMIT ?
"""
COUNTS = f"""
SELECT (SELECT count(*) FROM messages WHERE is_chunked = 0),
    (SELECT count(*) FROM chunks k WHERE k.embedded_in < ?1 AND {seal_of("k.person_key")} IS NULL),
    (SELECT count(*) FROM chunks k WHERE {seal_of("k.person_key")} IS NULL)
"""
AGAIN = """
UPDATE messages SET is_chunked = 0
WHERE person_key = ?1 AND is_chunked = 1
  AND NOT EXISTS (SELECT 1 FROM chunks k WHERE k.message_key = messages.message_key)
"""


@dataclass(frozen=True, slots=True)
class UncutMessage:
    """A message without chunks."""

    message_key: int
    person_key: int
    content: str


@dataclass(frozen=True, slots=True)
class UnembeddedChunk:
    """A chunk without a vector, and who said it when."""

    chunk_key: int
    role: Role | None
    person_name: str | None
    said_at: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much there is to do, and how many chunks there are."""

    messages: int
    chunks: int
    all_chunks: int


async def uncut(reader: Connection, limit: int) -> list[UncutMessage]:
    """Messages of anybody that shall have chunks, the oldest first."""
    return [UncutMessage(*row) for row in await all_rows(reader, UNCUT, (limit,))]


async def pass_over(tx: Connection) -> None:
    """Messages that shall have none are done."""
    await changed_rows(tx, PASS_OVER, ())


async def recall_again(tx: Connection, person_key: int) -> None:
    """Look again at all messages of this person that have no chunks: something was changed by which
    they may have some.
    """
    await changed_rows(tx, AGAIN, (person_key,))


async def unembedded(reader: Connection, space_key: int, limit: int) -> list[UnembeddedChunk]:
    """Chunks of anybody that have no vector in this space, those that have none at all first."""
    rows = await all_rows(reader, UNEMBEDDED, (space_key, limit))
    return [UnembeddedChunk(key, Role(role) if role else None, *rest) for key, role, *rest in rows]


async def forget_vectors(tx: Connection, keys: list[int] | None = None) -> None:
    """Every chunk, or these, shall be embedded anew."""
    wanted = None if keys is None else msgspec.json.encode(keys).decode()
    await changed_rows(
        tx,
        "UPDATE chunks SET embedded_in = 0 "
        "WHERE ?1 IS NULL OR chunk_key IN (SELECT value FROM json_each(?1))",
        (wanted,),
    )


async def count(reader: Connection, space_key: int) -> Backlog:
    """One query, over all."""
    row = await first_row(reader, COUNTS, (space_key,))
    assert row is not None, "counts have a row"
    return Backlog(*row)

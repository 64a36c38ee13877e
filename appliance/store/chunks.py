"""The table `chunks`: what can be recalled, in pieces of a size that says one thing.

A chunk is a part of a message or a passage of a document. These rows are the truth; the terms of
`chunk_terms` and the vectors of `chunk_vectors` are made from them. Whoever deletes them here takes
those out, too.

A document's chunks are its owner's, or `EVERYBODY`'s; with a `conversation_key` only that
conversation sees them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec
from aiosqlite import Connection

from appliance.store import chunk_backlog, chunk_terms, chunk_vectors
from appliance.store.cells import CHUNK_HEADING, CHUNK_TEXT
from appliance.store.chunk_backlog import UncutMessage
from appliance.store.chunk_scope import EVERYBODY as EVERYBODY
from appliance.store.rows import Row, all_rows, changed_rows, first_row

COLUMNS = f"""
k.chunk_key, k.person_key, k.message_key, k.document_key, k.conversation_key, k.passage, k.page,
k.said_at, {CHUNK_HEADING.read("k")}, {CHUNK_TEXT.read("k")}
"""
NEXT_KEY = "SELECT ifnull(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'chunks'"
INSERT = f"""
INSERT INTO chunks (chunk_key, person_key, message_key, document_key, conversation_key, passage,
                    page, said_at, heading, text)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
        {CHUNK_HEADING.written("?2", "?1", "?9")}, {CHUNK_TEXT.written("?2", "?1", "?10")})
"""
OF_MESSAGES = """
SELECT k.chunk_key FROM json_each(?2) wanted
CROSS JOIN messages m ON m.message_id = wanted.value AND m.person_key = ?1
CROSS JOIN chunks k ON k.message_key = m.message_key AND k.person_key = ?1
"""
OF_CONVERSATION = """
SELECT k.chunk_key FROM conversations c
CROSS JOIN chunks k ON k.conversation_key = c.conversation_key AND k.person_key = ?1
WHERE c.conversation_id = ?2 AND c.person_key = ?1
"""
OF_CONVERSATION_SAID = f"{OF_CONVERSATION} AND k.message_key IS NOT NULL"
OF_DOCUMENT = "SELECT chunk_key FROM chunks WHERE document_key = ?2 AND person_key = ?1"
OF_PERSON = "SELECT chunk_key FROM chunks WHERE person_key = ?1"


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document as it shall be kept; the first has the number 1."""

    passage: int
    text: str
    page: int | None = None
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A row."""

    chunk_key: int
    person_key: int
    message_key: int | None
    document_key: int | None
    conversation_key: int | None
    passage: int
    page: int | None
    said_at: int
    heading: str
    text: str


async def insert_of_message(tx: Connection, message: UncutMessage, texts: Sequence[str]) -> int:
    """The parts of one message of this person, and that it is done; how many rows came. Nothing
    happens when it has gone meanwhile, has become longer, or is done.
    """
    person_key, message_key = message.person_key, message.message_key
    row = await first_row(
        tx,
        "UPDATE messages SET is_chunked = 1 "
        "WHERE message_key = ? AND person_key = ? AND is_chunked = 0 AND octet_length(content) = ? "
        "RETURNING conversation_key, created_at",
        (message_key, person_key, len(message.content.encode())),
    )
    if row is None:
        return 0
    conversation_key, said_at = row
    return await _insert(
        tx,
        [
            (person_key, message_key, None, conversation_key, number, None, said_at, "", text)
            for number, text in enumerate(texts, start=1)
        ],
    )


async def insert_of_document(
    tx: Connection,
    owner_key: int,
    document_key: int,
    passages: Iterable[Passage],
    said_at: int,
    conversation_key: int | None = None,
) -> int:
    """More passages of a document; how many rows came. Tell the indexer after the block."""
    return await _insert(
        tx,
        [
            (
                *(owner_key, None, document_key, conversation_key),
                *(each.passage, each.page, said_at, each.heading, each.text),
            )
            for each in passages
        ],
    )


async def of_document(
    reader: Connection,
    owner_key: int,
    document_key: int,
    after_passage: int = 0,
    limit: int | None = None,
) -> tuple[Chunk, ...]:
    """The passages of a document in their order, those after a number."""
    rows = await all_rows(
        reader,
        f"SELECT {COLUMNS} FROM chunks k "
        "WHERE k.document_key = ? AND k.person_key = ? AND k.passage > ? "
        "ORDER BY k.passage LIMIT ?",
        (document_key, owner_key, after_passage, -1 if limit is None else limit),
    )
    return tuple(Chunk(*row) for row in rows)


async def delete_of_messages(tx: Connection, person_key: int, ids: Collection[str]) -> int:
    """Before these messages of that person change or go; how many chunks there were."""
    wanted = msgspec.json.encode(list(ids)).decode()
    return await _delete(tx, await all_rows(tx, OF_MESSAGES, (person_key, wanted)))


async def delete_of_conversation(tx: Connection, person_key: int, conversation_id: str) -> int:
    """Before a conversation goes: of its messages, and of the documents that only it may see."""
    return await _delete(tx, await all_rows(tx, OF_CONVERSATION, (person_key, conversation_id)))


async def delete_of_document(tx: Connection, owner_key: int, document_key: int) -> int:
    """Before a document goes, or comes again."""
    return await _delete(tx, await all_rows(tx, OF_DOCUMENT, (owner_key, document_key)))


async def delete_of_person(tx: Connection, person_key: int) -> int:
    """Before all that is this person's goes."""
    return await _delete(tx, await all_rows(tx, OF_PERSON, (person_key,)))


async def set_recalled(
    tx: Connection, person_key: int, conversation_id: str, is_recalled: bool
) -> bool:
    """Whether what is said in this conversation may be recalled in others. False when there is no
    such conversation. What was made of its messages goes, or comes again by the indexer.
    """
    changed = await changed_rows(
        tx,
        "UPDATE conversations SET is_recalled = ? WHERE conversation_id = ? AND person_key = ?",
        (is_recalled, conversation_id, person_key),
    )
    if is_recalled:
        await chunk_backlog.recall_again(tx, person_key)
    else:
        await _delete(tx, await all_rows(tx, OF_CONVERSATION_SAID, (person_key, conversation_id)))
    return changed == 1


async def unindex_person(tx: Connection, person_key: int) -> None:
    """What is made of this person's chunks goes, before they are sealed."""
    found = await all_rows(tx, OF_PERSON, (person_key,))
    await _unindex(tx, [row[0] for row in found])
    await _set_unembedded(tx, person_key)


async def index_person(tx: Connection, person_key: int) -> None:
    """It may be made again: the terms at once, the rest by the indexer."""
    await chunk_terms.index_person(tx, person_key)
    await chunk_backlog.recall_again(tx, person_key)
    await _set_unembedded(tx, person_key)


async def _set_unembedded(tx: Connection, person_key: int) -> None:
    await changed_rows(tx, "UPDATE chunks SET embedded_in = 0 WHERE person_key = ?", (person_key,))


async def _insert(tx: Connection, rows: Sequence[Row]) -> int:
    if not rows:
        return 0
    found = await first_row(tx, NEXT_KEY, ())
    assert found is not None, "a maximum has a row"
    first = found[0]
    keyed = [(key, *row) for key, row in enumerate(rows, start=first)]
    await tx.executemany(INSERT, keyed)
    await chunk_terms.index(tx, first, first + len(rows) - 1)
    return len(rows)


async def _delete(tx: Connection, found: Sequence[Row]) -> int:
    if not found:
        return 0
    keys = [row[0] for row in found]
    await _unindex(tx, keys)
    wanted = msgspec.json.encode(keys).decode()
    return await changed_rows(
        tx, "DELETE FROM chunks WHERE chunk_key IN (SELECT value FROM json_each(?))", (wanted,)
    )


async def _unindex(tx: Connection, keys: Sequence[int]) -> None:
    await chunk_terms.unindex(tx, keys)
    await chunk_vectors.delete(tx, keys)

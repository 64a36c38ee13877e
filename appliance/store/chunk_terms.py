"""The full-text index `chunk_terms`: one row for each chunk, under its key; none of a sealed
account.

Every term begins with whose it is: `7x` and the word. So a question reads only what is its own
person's, how many others have said the word is no part of the answer, and no words of a question
can reach anybody else's. Chinese, Japanese and Korean stand there as pairs (`recall.tokens`).

Like `message_terms` it keeps no text: what goes is told to it once more by the function
`owned_terms` while the chunk is still there.
"""

from collections.abc import Collection

import msgspec
from aiosqlite import Connection

from appliance.recall.tokens import terms_of
from appliance.store.cells import seal_of
from appliance.store.rows import changed_rows
from appliance.store.signposts import renew_signposts

NOT_SEALED = f"{seal_of('k.person_key')} IS NULL"
TERMS = "owned_terms(k.person_key, k.heading, k.text)"

INDEX = f"""
INSERT INTO chunk_terms (rowid, terms)
SELECT k.chunk_key, {TERMS} FROM chunks k WHERE k.chunk_key BETWEEN ? AND ? AND {NOT_SEALED}
"""
INDEX_PERSON = f"""
INSERT INTO chunk_terms (rowid, terms)
SELECT k.chunk_key, {TERMS} FROM chunks k WHERE k.person_key = ? AND {NOT_SEALED}
"""
INDEX_ALL = f"""
INSERT INTO chunk_terms (rowid, terms)
SELECT k.chunk_key, {TERMS} FROM chunks k WHERE {NOT_SEALED}
"""
UNINDEX = f"""
INSERT INTO chunk_terms (chunk_terms, rowid, terms)
SELECT 'delete', k.chunk_key, {TERMS}
FROM json_each(?) wanted CROSS JOIN chunks k ON k.chunk_key = wanted.value
JOIN chunk_terms_docsize held ON held.id = k.chunk_key
"""


async def index(tx: Connection, first_key: int, last_key: int) -> None:
    """Makes new chunks findable."""
    await changed_rows(tx, INDEX, (first_key, last_key))


async def index_person(tx: Connection, person_key: int) -> None:
    """Makes all chunks of this person findable, of which none is."""
    await changed_rows(tx, INDEX_PERSON, (person_key,))


async def unindex(tx: Connection, keys: Collection[int]) -> None:
    """Takes these chunks out, before they go."""
    await changed_rows(tx, UNINDEX, (msgspec.json.encode(list(keys)).decode(),))
    await renew_signposts(tx, "chunk_terms")


async def index_anew(tx: Connection) -> None:
    """Everybody's chunks, from nothing; but for those that are sealed."""
    await changed_rows(tx, "INSERT INTO chunk_terms (chunk_terms) VALUES ('delete-all')", ())
    await changed_rows(tx, INDEX_ALL, ())


def owned_terms(person_key: int, heading: str, text: str) -> str:
    """What the index holds of a chunk."""
    return " ".join(owned(person_key, term) for term in terms_of(f"{heading}\n{text}").split())


def owned(person_key: int, term: str) -> str:
    """A term as it stands in the index. The `x` ends the number, and no stem begins before it."""
    return f"{person_key}x{term}"

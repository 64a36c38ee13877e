"""The tables `spaces` and `chunk_vectors_<space_key>`: each chunk as a point in a space, where
texts that mean the same are near each other.

One table for each space, because its dimension is part of a table's shape, and because vectors that
two models made must never be compared. Numbers are kept as bytes (-127 to 127): a fourth of the
room, twice the speed, and the same neighbours.

sqlite-vec looks at every row; the partition by person is what makes it fast. `place` says what a
question may see: the conversation of a message, 0 for a document in somebody's library, and the
negative of the only conversation that may see a document.
"""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
from aiosqlite import Connection

from appliance.store.cells import seal_of
from appliance.store.chunk_scope import Scope
from appliance.store.rows import all_rows, changed_rows, first_row

CREATE = """
CREATE VIRTUAL TABLE chunk_vectors_{space} USING vec0 (
    person_key INTEGER PARTITION KEY,
    place INTEGER,
    vector INT8[{dimension}] distance_metric=cosine,
    chunk_size=64
)
"""


# Whose the chunk is, and who may see it, is read where it stands now, and nowhere else.
TAKE = f"""
UPDATE chunks SET embedded_in = ?1
WHERE chunk_key = ?2 AND embedded_in < ?1 AND {seal_of("person_key")} IS NULL
RETURNING person_key, CASE WHEN conversation_key IS NULL THEN 0
                           WHEN message_key IS NULL THEN -conversation_key
                           ELSE conversation_key END
"""


@dataclass(frozen=True, slots=True)
class Space:
    """What one embedding model makes of texts. `is_complete` when every chunk had its place there
    once; from then on it is the one that serves.
    """

    space_key: int
    name: str
    dimension: int
    is_complete: bool


async def spaces(reader: Connection) -> tuple[Space, ...]:
    """All of them, the oldest first."""
    rows = await all_rows(
        reader, "SELECT space_key, name, dimension, is_complete FROM spaces ORDER BY space_key", ()
    )
    return tuple(Space(key, name, dimension, bool(done)) for key, name, dimension, done in rows)


async def serving(reader: Connection) -> Space | None:
    """The space that questions are asked in: the newest that was complete once, else the one that
    is being filled. None when nothing was ever embedded.
    """
    known = await spaces(reader)
    return next(
        (each for each in reversed(known) if each.is_complete), known[-1] if known else None
    )


async def delete(tx: Connection, keys: Collection[int]) -> None:
    """Takes these chunks out of every space."""
    wanted = msgspec.json.encode(list(keys)).decode()
    for space in await spaces(tx):
        await changed_rows(
            tx,
            f"DELETE FROM chunk_vectors_{space.space_key} "
            "WHERE rowid IN (SELECT value FROM json_each(?))",
            (wanted,),
        )


async def find_or_add(tx: Connection, name: str, dimension: int) -> Space:
    """The space of that name; an empty one when there was none."""
    for space in await spaces(tx):
        if space.name == name:
            return space
    row = await first_row(
        tx,
        "INSERT INTO spaces (name, dimension) VALUES (?, ?) RETURNING space_key",
        (name, dimension),
    )
    assert row is not None, "an INSERT that does not fail returns its row"
    await tx.execute(CREATE.format(space=row[0], dimension=dimension))
    return Space(row[0], name, dimension, is_complete=False)


async def set_aside(tx: Connection, name: str) -> None:
    """The space of that name serves on under the same name with a blank, until a new one of that
    name is complete.
    """
    for space in await spaces(tx):
        if space.name == name and not space.is_complete:
            await remove(tx, space)
        elif space.name == name:
            await changed_rows(
                tx,
                "UPDATE spaces SET name = (SELECT max(name) || ' ' FROM spaces "
                "WHERE rtrim(name) = rtrim(?1)) WHERE space_key = ?2",
                (name, space.space_key),
            )


async def insert(tx: Connection, space: Space, chunk_key: int, vector: bytes | None) -> None:
    """The chunk's place in the space, or that it has none there; harmless when it has gone, or was
    sealed, while its vector was computed.
    """
    row = await first_row(tx, TAKE, (space.space_key, chunk_key))
    if row is not None and vector is not None:
        await changed_rows(
            tx,
            f"INSERT INTO chunk_vectors_{space.space_key} (rowid, person_key, place, vector) "
            "VALUES (?, ?, ?, vec_int8(?))",
            (chunk_key, *row, vector),
        )


async def set_complete(tx: Connection, space: Space) -> None:
    """It serves from now on, and the others go."""
    for other in await spaces(tx):
        if other.space_key != space.space_key:
            await remove(tx, other)
    await changed_rows(
        tx, "UPDATE spaces SET is_complete = 1 WHERE space_key = ?", (space.space_key,)
    )


async def remove(tx: Connection, space: Space) -> None:
    """The space with all its vectors."""
    await tx.execute(f"DROP TABLE chunk_vectors_{space.space_key}")
    await changed_rows(tx, "DELETE FROM spaces WHERE space_key = ?", (space.space_key,))


async def nearest(
    reader: Connection, space: Space, within: Scope, vector: bytes, limit: int
) -> list[tuple[int, float]]:
    """The keys of the chunks nearest to a vector that the question may see, the nearest first, each
    with its cosine.
    """
    found: list[tuple[int, float]] = []
    for owner_key, places in within.places:
        for condition, parameters in places:
            rows = await all_rows(
                reader,
                f"SELECT rowid, 1 - distance FROM chunk_vectors_{space.space_key} "
                f"WHERE vector MATCH vec_int8(?) AND k = ? AND person_key = ? AND {condition}",
                (vector, limit, owner_key, *parameters),
            )
            found += [(key, cosine) for key, cosine in rows if cosine is not None]
    return sorted(found, key=lambda each: -each[1])[:limit]

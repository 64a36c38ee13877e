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

from appliance.store.rows import all_rows, changed_rows

CREATE = """
CREATE VIRTUAL TABLE chunk_vectors_{space} USING vec0 (
    person_key INTEGER PARTITION KEY,
    place INTEGER,
    vector INT8[{dimension}] distance_metric=cosine,
    chunk_size=64
)
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

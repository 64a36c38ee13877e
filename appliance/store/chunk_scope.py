"""What a question may see: whose chunks, and of which conversations."""

from collections.abc import Iterator
from dataclasses import dataclass

from aiosqlite import Connection

from appliance.store.rows import Row, first_row

EVERYBODY = 0
"""Instead of a person's key: a document that is there for all."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What was said in conversations that are not left out of recall, but for `without_key`; the
    documents of the person's library and of the conversation `with_key`; everybody's documents.
    """

    person_key: int
    without_key: int | None = None
    with_key: int | None = None

    @property
    def bounds(self) -> Row:
        """As ?1, ?2 and ?3 of a statement."""
        return (self.person_key, self.without_key, self.with_key)

    @property
    def places(self) -> Iterator[tuple[int, list[tuple[str, Row]]]]:
        """For each owner, what to ask of `place` in a table of vectors."""
        own: list[tuple[str, Row]] = [("place >= 0 AND place != ?", (self.without_key or -1,))]
        if self.with_key is not None:
            own.append(("place = ?", (-self.with_key,)))
        yield self.person_key, own
        yield EVERYBODY, [("place = ?", (0,))]


async def scope_of(
    reader: Connection, person_key: int, without: str | None, conversation: str | None
) -> Scope:
    """The ids of conversations that are not this person's are as none."""
    return Scope(
        person_key,
        await _key_of(reader, person_key, without),
        await _key_of(reader, person_key, conversation),
    )


async def _key_of(reader: Connection, person_key: int, conversation_id: str | None) -> int | None:
    if conversation_id is None:
        return None
    row = await first_row(
        reader,
        "SELECT conversation_key FROM conversations WHERE conversation_id = ? AND person_key = ?",
        (conversation_id, person_key),
    )
    return row[0] if row else None

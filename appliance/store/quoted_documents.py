"""Passages of documents, as prompts quote them: by the document's id and the passage's number."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec
from aiosqlite import Connection

from appliance.store.cells import CHUNK_HEADING, CHUNK_TEXT
from appliance.store.chunks import EVERYBODY
from appliance.store.rows import all_rows

SEEN_BY = f"d.person_key IN (?1, {EVERYBODY})"
PASSAGES = f"""
SELECT d.document_id, k.passage, d.name, k.page, {CHUNK_HEADING.read("k")}, {CHUNK_TEXT.read("k")}
FROM json_each(?2) wanted
CROSS JOIN documents d ON d.document_id = wanted.value ->> 0 AND {SEEN_BY}
CROSS JOIN chunks k ON k.document_key = d.document_key AND k.passage = wanted.value ->> 1
    AND k.person_key = d.person_key
"""
PLACES = f"""
SELECT d.document_id, wanted.value ->> 1, d.name, k.page
FROM json_each(?2) wanted
CROSS JOIN documents d ON d.document_id = wanted.value ->> 0 AND {SEEN_BY}
LEFT JOIN chunks k ON k.document_key = d.document_key AND k.passage = wanted.value ->> 1
    AND k.person_key = d.person_key
"""


@dataclass(frozen=True, slots=True)
class QuotedPassage:
    """A passage and where it stands."""

    name: str
    page: int | None
    heading: str
    text: str


async def passages(
    reader: Connection, person_key: int, wanted: Collection[tuple[str, int]]
) -> Mapping[tuple[str, int], QuotedPassage]:
    """Those of them that this person sees and that are still there. One query."""
    rows = await all_rows(reader, PASSAGES, (person_key, _json(wanted)))
    return {(row[0], row[1]): QuotedPassage(*row[2:]) for row in rows}


async def places(
    reader: Connection, person_key: int, wanted: Collection[tuple[str, int]]
) -> Mapping[tuple[str, int], tuple[str, int | None]]:
    """The name of the document and the page, as far as this person sees them. One query."""
    rows = await all_rows(reader, PLACES, (person_key, _json(wanted)))
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def _json(wanted: Collection[object]) -> str:
    return msgspec.json.encode(list(wanted)).decode()

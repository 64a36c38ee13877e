"""Messages that may be quoted in other conversations: all but those of conversations that are left
out of recall.
"""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
from aiosqlite import Connection

from appliance.conversations.conversation import Role
from appliance.store.cells import CONTENT, TITLE
from appliance.store.rows import Row, all_rows, first_row

COLUMNS = f"""
m.message_id, c.conversation_id, parent.message_id, m.role, {CONTENT.read("m")}, m.created_at
"""
JOINS = """
CROSS JOIN conversations c ON c.conversation_key = m.conversation_key AND c.is_recalled = 1
LEFT JOIN messages parent ON parent.message_key = m.parent_key
"""
BY_IDS = f"""
SELECT {COLUMNS} FROM json_each(?2) wanted
CROSS JOIN messages m ON m.message_id = wanted.value AND m.person_key = ?1
{JOINS}
"""
# With what each of them follows, and what follows it.
AROUND = f"""
{BY_IDS}
UNION
SELECT {COLUMNS} FROM json_each(?2) wanted
CROSS JOIN messages here ON here.message_id = wanted.value AND here.person_key = ?1
CROSS JOIN messages m ON m.message_key = here.parent_key AND m.person_key = ?1
{JOINS}
UNION
SELECT {COLUMNS} FROM json_each(?2) wanted
CROSS JOIN messages here ON here.message_id = wanted.value AND here.person_key = ?1
CROSS JOIN messages m ON m.parent_key = here.message_key AND m.person_key = ?1
{JOINS}
"""
TITLES = f"""
SELECT c.conversation_id, {TITLE.read("c")} FROM json_each(?2) wanted
CROSS JOIN conversations c ON c.conversation_id = wanted.value AND c.person_key = ?1
"""


@dataclass(frozen=True, slots=True)
class Quotable:
    """A message as others may quote it."""

    message_id: str
    conversation_id: str
    parent_id: str | None
    role: Role
    content: str
    created_at: int


async def by_ids(
    reader: Connection, person_key: int, message_ids: Collection[str]
) -> dict[str, Quotable]:
    """Those of them that are this person's and may be quoted, by their ids. One query."""
    return _by_id(await all_rows(reader, BY_IDS, (person_key, _json(message_ids))))


async def around(
    reader: Connection, person_key: int, message_ids: Collection[str]
) -> dict[str, Quotable]:
    """The same with their neighbours: what they follow, and what follows them. One query."""
    return _by_id(await all_rows(reader, AROUND, (person_key, _json(message_ids))))


async def titles(
    reader: Connection, person_key: int, conversation_ids: Collection[str]
) -> dict[str, str]:
    """The titles of this person's conversations, by their ids. One query."""
    return dict(await all_rows(reader, TITLES, (person_key, _json(conversation_ids))))


async def may_recall(reader: Connection, person_key: int, conversation_id: str) -> bool:
    """Whether that conversation takes part in recall."""
    row = await first_row(
        reader,
        "SELECT is_recalled FROM conversations WHERE conversation_id = ? AND person_key = ?",
        (conversation_id, person_key),
    )
    return row is not None and bool(row[0])


def _by_id(rows: list[Row]) -> dict[str, Quotable]:
    return {row[0]: Quotable(row[0], row[1], row[2], Role(row[3]), row[4], row[5]) for row in rows}


def _json(ids: Collection[str]) -> str:
    return msgspec.json.encode(list(ids)).decode()

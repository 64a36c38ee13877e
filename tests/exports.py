"""What tests of export and import do: files to take in, and files that were taken along."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from appliance.conversations.conversation import Person, new_id
from appliance.lifespan import Box
from appliance.portable.report import ImportReport
from appliance.portable.takeout import TakenFile
from appliance.portable.waiting_file import WaitingFile
from appliance.store.database import Database

FILES = Path(__file__).parent / "portable" / "files"

IDS = {
    "people": "person_id",
    "folders": "name",
    "conversations": "conversation_id",
    "messages": "message_id",
    "turns": "turn_id",
    "summaries": "summary_id",
}
"""By which column of each table a row is known outside of its database."""
POINTS_TO = {
    "conversation_key": "conversations",
    "folder_key": "folders",
    "turn_key": "turns",
    "summary_key": "summaries",
    **dict.fromkeys(("message_key", "leaf_key", "parent_key"), "messages"),
    **dict.fromkeys(("input_message_key", "reply_message_key"), "messages"),
    **dict.fromkeys(("first_message_key", "last_message_key"), "messages"),
}
OF_THIS_BOX = {
    "is_chunked",
    "person_key",
    "activity",  # the order of the list is the order of the file
    "client_message_id",  # makes sending twice harmless, and nothing else
}


async def whole(taken: TakenFile) -> bytes:
    """All of a file that is made while it is read."""
    return b"".join([piece async for piece in taken.pieces])


async def exported(box: Box, person: Person | None = None) -> bytes:
    """Everything as JSON."""
    return await whole(await box.desk.takeout.all_as_json(person or box.person))


async def bring(box: Box, content: bytes, person: Person | None = None) -> ImportReport:
    """Import a file, to its end."""
    begun = await box.desk.imports.start(person or box.person, waiting(box, content))
    await begun.task
    return begun.report


async def held(database: Database) -> dict[str, dict[str, dict[str, Any]]]:
    """All that conversations are, in whatever column, by ids instead of keys."""
    tables = {name: await _table(database, name) for name in IDS}
    names = {
        name: {next(iter(row.values())): row[column] for row in tables[name]}
        for name, column in IDS.items()
    }

    def seen(column: str, value: Any) -> Any:
        if column == "branch_keys":
            return [names["messages"][key] for key in json.loads(value)]
        if column.endswith("_key") and value is not None:
            return names[POINTS_TO[column]][value]
        return value

    return {
        name: {
            row[IDS[name]]: {
                column: seen(column, value)
                for column, value in row.items()
                if column not in OF_THIS_BOX
            }
            for row in tables[name]
        }
        for name in ("conversations", "messages", "turns", "summaries")
    }


async def _table(database: Database, name: str) -> list[dict[str, Any]]:
    """The rows in the order of their keys, which stand first."""
    async with database.read() as reader:
        columns = await reader.execute_fetchall(f"PRAGMA table_info({name})")
        rows = await reader.execute_fetchall(f"SELECT * FROM {name} ORDER BY 1")
    return [dict(zip((column[1] for column in columns), row, strict=True)) for row in rows]


def waiting(box: Box, content: bytes) -> Any:
    """A file as an upload leaves it."""
    file = WaitingFile(box.desk.imports.directory)
    file.write(content)
    return file.from_start()


def rows(box: Box, sql: str) -> list[tuple[Any, ...]]:
    """What the database file holds, seen from outside."""
    path = box.desk.database.path
    with closing(sqlite.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return list(db.execute(sql).fetchall())


def zipped(entries: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> bytes:
    """An archive of these files."""
    listed = entries.items() if isinstance(entries, Mapping) else entries
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in listed:
            archive.writestr(name, content)
    return buffer.getvalue()


def own_file(*conversations: Mapping[str, Any]) -> bytes:
    """A file as this box writes them."""
    document = {
        "format": "appliance.conversations",
        "version": 1,
        "conversations": list(conversations),
    }
    return json.dumps(document).encode()


def own_conversation(*texts: str, **changes: Any) -> dict[str, Any]:
    """A conversation without branches; the person begins."""
    messages: list[dict[str, Any]] = []
    for place, text in enumerate(texts):
        messages.append(
            {
                "message_id": new_id(),
                "parent_id": messages[-1]["message_id"] if messages else None,
                "role": "assistant" if place % 2 else "user",
                "created_at": 1_700_000_000 + place,
                "content": text,
            }
        )
    return {
        "conversation_id": new_id(),
        "title": "Tea",
        "titled_by": "person",
        "is_pinned": False,
        "is_archived": False,
        "is_recalled": True,
        "folder": None,
        "created_at": 1_700_000_000,
        "updated_at": 1_700_000_100,
        "leaf_id": messages[-1]["message_id"] if messages else None,
        "messages": messages,
        "turns": [],
        "summaries": [],
        "facts": [],
        **changes,
    }


def chatgpt_conversation(texts: Sequence[str], **changes: Any) -> dict[str, Any]:
    """As ChatGPT writes one: an empty root, then a chain that the person begins."""
    mapping: dict[str, Any] = {"root": {"id": "root", "message": None, "parent": None}}
    parent = "root"
    for place, text in enumerate(texts):
        node_id = f"node-{place}"
        mapping[node_id] = {
            "id": node_id,
            "parent": parent,
            "message": {
                "author": {"role": "assistant" if place % 2 else "user"},
                "create_time": 1_700_000_000.5 + place,
                "content": {"content_type": "text", "parts": [text]},
                "recipient": "all",
            },
        }
        parent = node_id
    return {
        "title": "Tea",
        "create_time": 1_700_000_000.25,
        "update_time": 1_700_000_100.75,
        "mapping": mapping,
        "current_node": parent,
        "conversation_id": "c-1",
        **changes,
    }

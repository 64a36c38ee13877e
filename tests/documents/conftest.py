"""A library over a real database, with its intake running and the real child process."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from kept_conversations import stranger_in

sys.path.append(str(Path(__file__).parent))

from shelf import Shelf

from appliance.conversations.conversation import Person
from appliance.documents.files import DocumentFiles
from appliance.documents.intake import Intake
from appliance.documents.library import DocumentLimits, Library
from appliance.documents.quotations import Quotations
from appliance.store import people
from appliance.store.database import Database


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    database = await Database.open(tmp_path / "appliance.sqlite3")
    async with database.write() as tx:
        person = await people.local_person(tx)
    files, told = DocumentFiles(tmp_path), asyncio.Event()
    limits = DocumentLimits(file_bytes=2_000_000, person_bytes=3_000_000)
    forgotten: list[tuple[str, str]] = []

    async def forget(person_id: str, conversation_id: str) -> int:
        forgotten.append((person_id, conversation_id))
        return 1

    quotations = Quotations(database, forget)
    library = Library(database, files, limits, quotations, lambda: shelf.intake.note())
    shelf = Shelf(tmp_path, database, person, library, files, told, forgotten)
    shelf.intake = Intake(database, files, library, shelf.noted.set, told)
    shelf.start()
    yield shelf
    await shelf.stop()
    await database.close()


@pytest.fixture
async def eve(shelf: Shelf) -> Person:
    return await stranger_in(shelf.database)

"""A front door over a real database; only the cost of passwords is not the real one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from house import House
from signed_in import cheap_passwords

from appliance.front_door import open_front_door
from appliance.settings import Settings
from appliance.store.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "appliance.sqlite3")
    yield database
    await database.close()


@pytest.fixture
async def house(tmp_path: Path, database: Database) -> House:
    settings = Settings(data_dir=tmp_path)
    door = await open_front_door(settings, database, passwords=cheap_passwords())
    return House(database, door)

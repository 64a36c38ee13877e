"""Figures of the box, and how much is kept of everybody."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from kept_conversations import keep, stranger_in

from appliance.administration.health import Health, Presence
from appliance.administration.storage import PersonStorage, Storage
from appliance.conversations.box_status import BoxStatus
from appliance.engine.gauges import EngineGauges
from appliance.store import people
from appliance.store.database import Database


@pytest.fixture
async def database(tmp_path: Path):
    database = await Database.open(tmp_path / "appliance.sqlite3")
    yield database
    await database.close()


async def test_the_figures_are_those_of_this_machine(database):
    hot = SimpleNamespace(is_away=True)
    health = Health(
        lambda: BoxStatus("ready", "a-model", "Ready."),
        lambda: EngineGauges(running=2, waiting=3),
        hot,
        SimpleNamespace(used_bytes=34),
        database.path,
    )
    now = await health.now()
    wal = database.path.with_name(f"{database.path.name}-wal")
    assert now.database_bytes == database.path.stat().st_size + wal.stat().st_size
    assert (now.gauges.running, now.gauges.waiting, now.snapshot_bytes) == (2, 3, 34)
    assert 0 < now.disk_free_bytes <= now.disk_total_bytes
    assert 0 < now.process_bytes < now.memory_total_bytes
    assert 0 < now.memory_free_bytes < now.memory_total_bytes
    assert now.valkey is Presence.AWAY
    hot.is_away = False
    assert (await health.now()).valkey is Presence.THERE
    assert {"appliance", "litestar", "SQLite"} <= {name for name, _ in now.versions}


async def test_everybodys_storage_is_counted_and_not_read(database):
    async with database.write() as tx:
        me = await people.local_person(tx)
    eve = await stranger_in(database)
    await keep(database, me, "Tea", "Which?", "Green.")
    owned = {me.person_id: 500, "nobody": 7}
    storage = Storage(database, SimpleNamespace(bytes_by_owner=lambda: owned))
    held = await storage.of_everybody((me, eve))
    mine = held[me.person_id]
    assert (mine.conversations, mine.messages, mine.snapshot_bytes) == (1, 2, 500)
    assert mine.total_bytes == mine.database_bytes + 500 > 500
    assert held[eve.person_id] == PersonStorage()

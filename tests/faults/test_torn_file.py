"""A database file of which the end is missing: refused with what to do, never made worse."""

import os
from pathlib import Path

import pytest

from appliance.backups import record
from appliance.backups.record import LastBackup, Record
from appliance.conversations.conversation import Conversation, new_id
from appliance.errors import StoreRefused
from appliance.store import conversations, people
from appliance.store.database import Database

PAGE = 4096


@pytest.fixture
async def torn(tmp_path: Path) -> Path:
    """Stopped politely, and then cut by two pages, as a disk check may leave it."""
    path = tmp_path / "appliance.sqlite3"
    database = await Database.open(path)
    async with database.write() as tx:
        person = await people.local_person(tx)
        for number in range(50):
            conversation = Conversation(new_id(), f"{number} " + "x" * 500, 1, 1)
            await conversations.insert(tx, person.person_key, conversation)
    await database.close()
    os.truncate(path, path.stat().st_size - 2 * PAGE)
    return path


async def test_without_a_backup_the_refusal_says_how_to_go_on(torn: Path) -> None:
    before = torn.read_bytes()
    with pytest.raises(StoreRefused, match="is damaged") as refused:
        await Database.open(torn)
    assert f"There is no backup in {torn.parent / 'backups'}" in str(refused.value)
    assert torn.read_bytes() == before


async def test_the_newest_backup_is_named(torn: Path) -> None:
    backups = torn.parent / "backups"
    backups.mkdir()
    for name in ("20261102-030000", "20261104-030000", "20261103-030000"):
        (backups / f"appliance-{name}.tar").write_text("a backup")
    (backups / "notes.txt").write_text("mine")
    with pytest.raises(StoreRefused) as refused:
        await Database.open(torn)
    newest = backups / "appliance-20261104-030000.tar"
    assert f"appliance restore {newest}" in str(refused.value)


async def test_one_on_another_disk_is_named_as_long_as_it_is_there(
    torn: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "disk" / "appliance-20261104-030000.tar"
    record.write(torn.parent, Record(LastBackup(str(elsewhere), 0, 1, 1.0)))
    with pytest.raises(StoreRefused, match="There is no backup"):
        await Database.open(torn)
    elsewhere.parent.mkdir()
    elsewhere.touch()
    with pytest.raises(StoreRefused, match=f"appliance restore {elsewhere}"):
        await Database.open(torn)


async def test_what_the_refusal_advises_works(torn: Path, tmp_path: Path) -> None:
    torn.rename(tmp_path / "elsewhere")
    database = await Database.open(torn)
    async with database.write() as tx:
        assert (await people.local_person(tx)).name == "you"
    await database.close()


@pytest.mark.parametrize("lost_pages", [1, 3])
async def test_it_is_found_also_when_the_wal_is_still_there(
    tmp_path: Path, lost_pages: int
) -> None:
    path = tmp_path / "appliance.sqlite3"
    database = await Database.open(path)
    async with database.write() as tx:
        person = await people.local_person(tx)
        for number in range(100):
            conversation = Conversation(new_id(), f"{number} " + "x" * 500, 1, 1)
            await conversations.insert(tx, person.person_key, conversation)
    await database.truncate_wal()
    async with database.write() as tx:
        await tx.execute("UPDATE people SET name = 'me'")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in (path.name, f"{path.name}-wal"):
        (crashed / name).write_bytes((tmp_path / name).read_bytes())
    await database.close()
    os.truncate(crashed / path.name, (crashed / path.name).stat().st_size - lost_pages * PAGE)
    with pytest.raises(StoreRefused, match="is damaged"):
        await Database.open(crashed / path.name)

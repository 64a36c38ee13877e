import asyncio
import os
import tempfile
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite

from appliance.errors import StoreError, StoreRefused
from appliance.store import people
from appliance.store.database import Database


async def one_value(connection, sql):
    rows = list(await connection.execute_fetchall(sql))
    return rows[0][0]


async def test_a_new_database_is_made_for_its_owner_alone(tmp_path):
    path = tmp_path / "new" / "appliance.sqlite"
    database = await Database.open(path)
    async with database.write() as tx:
        await people.local_person(tx)
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    await database.close()
    assert set(modes.values()) == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_the_local_person_is_made_once(database, person):
    async with database.write() as tx:
        assert await people.local_person(tx) == person
    assert person.name == "you"


async def test_the_writer_is_set_for_durability(database):
    async with database.write() as tx:
        assert await one_value(tx, "PRAGMA journal_mode") == "wal"
        assert await one_value(tx, "PRAGMA synchronous") == 2  # FULL
        assert await one_value(tx, "PRAGMA foreign_keys") == 1
        assert await one_value(tx, "PRAGMA secure_delete") == 1
        assert await one_value(tx, "PRAGMA trusted_schema") == 0
        assert await one_value(tx, "PRAGMA temp_store") == 2  # MEMORY
        assert await one_value(tx, "PRAGMA busy_timeout") == 5000


async def test_a_reader_sees_what_is_committed_and_nothing_else(database, person):
    inside, leave = asyncio.Event(), asyncio.Event()

    async def writer() -> None:
        async with database.write() as tx:
            await tx.execute("UPDATE people SET name = 'new'")
            inside.set()
            await leave.wait()

    task = asyncio.create_task(writer())
    await inside.wait()
    async with database.read() as reader:
        assert await one_value(reader, "SELECT name FROM people") == "you"
        leave.set()
        await task
        # All queries of one block see the same moment.
        assert await one_value(reader, "SELECT name FROM people") == "you"
    async with database.read() as reader:
        assert await one_value(reader, "SELECT name FROM people") == "new"


async def test_a_reader_cannot_write(database, person):
    with pytest.raises(StoreError):
        async with database.read() as reader:
            await reader.execute("UPDATE people SET name = 'x'")


async def test_cancelled_readers_come_back_and_show_the_present(database, person):
    async def read_for_ever() -> None:
        async with database.read() as reader:
            await one_value(reader, "SELECT name FROM people")
            await asyncio.Event().wait()

    for _ in range(8):
        task = asyncio.create_task(read_for_ever())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with database.write() as tx:
        await tx.execute("UPDATE people SET name = 'new'")
    async with database.read() as one, database.read() as other:
        assert await one_value(one, "SELECT name FROM people") == "new"
        assert await one_value(other, "SELECT name FROM people") == "new"


async def test_truncating_the_wal_empties_it(database, path, person):
    wal = path.with_name(path.name + "-wal")
    assert wal.stat().st_size > 0
    assert await database.truncate_wal()
    assert wal.stat().st_size == 0


async def test_writing_and_truncating_at_once_wait_for_each_other(database, person):
    async def write() -> None:
        async with database.write() as tx:
            await tx.execute("UPDATE people SET name = name || '.'")

    await asyncio.gather(*(write() for _ in range(20)), database.truncate_wal(), write())
    async with database.read() as reader:
        assert await one_value(reader, "SELECT name FROM people") == "you" + "." * 21


async def test_a_clean_stop_leaves_one_file(database, path, person):
    await database.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    await database.close()  # Twice is harmless.


async def test_an_old_sqlite_is_refused(path, monkeypatch):
    monkeypatch.setattr(sqlite, "sqlite_version_info", (3, 51, 2))
    with pytest.raises(StoreRefused, match="pysqlite3"):
        await Database.open(path)


async def test_a_file_that_is_no_database_is_refused(path):
    path.write_bytes(b"These are my notes, not a database. " * 200)
    with pytest.raises(StoreRefused, match="damaged") as refused:
        await Database.open(path)
    assert str(path) in str(refused.value)
    assert path.read_bytes().startswith(b"These are my notes")


async def test_damage_is_found_after_an_unclean_stop(path, database, person):
    async with database.write() as tx:
        await tx.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
            "INSERT INTO people (person_id, name, created_at) SELECT 'p' || i, 'x', 0 FROM n"
        )
    await database.close()
    whole = path.read_bytes()
    middle = len(whole) // 2 // 4096 * 4096
    path.write_bytes(whole[:middle] + b"\xff" * 4096 + whole[middle + 4096 :])
    path.with_name(path.name + "-wal").write_bytes(b"left over")
    with pytest.raises(StoreRefused, match="damaged"):
        await Database.open(path)


async def test_a_path_under_a_file_is_refused_with_its_name(tmp_path):
    (tmp_path / "file").write_text("not a directory")
    path = tmp_path / "file" / "appliance.sqlite"
    with pytest.raises(StoreRefused, match="cannot be written") as refused:
        await Database.open(path)
    assert str(path) in str(refused.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up root for a moment, so it has to be root")
@pytest.mark.parametrize("is_there", [False, True])
async def test_a_directory_that_cannot_be_written_is_refused(is_there):
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        path = Path(directory) / "appliance.sqlite"
        if is_there:
            await (await Database.open(path)).close()
            path.chmod(0o644)
        Path(directory).chmod(0o555)
        os.seteuid(65534)
        try:
            with pytest.raises(StoreRefused, match="cannot be written"):
                await Database.open(path)
        finally:
            os.seteuid(0)


async def test_a_database_that_another_program_holds_is_refused(path, monkeypatch):
    monkeypatch.setattr("appliance.store.opening.PRAGMAS", ("busy_timeout=0",))
    monkeypatch.setattr("appliance.store.opening.WRITER_PRAGMAS", ("busy_timeout=0",))
    await (await Database.open(path)).close()
    holder = sqlite.connect(str(path), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreRefused, match="Another program"):
        await Database.open(path)
    holder.close()

"""What was in the backup is there again; of what was there before, nothing is lost."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite
from stocked_box import FILES, dump, files_of, one, stock

from appliance.backups import switching
from appliance.backups.making import Plan, make
from appliance.backups.pace import InHurry
from appliance.backups.restoring import bring_up_to_date, staged
from appliance.backups.tar import TarReader
from appliance.errors import BackupError, BackupRefused
from appliance.store import opening
from appliance.store.backup import LETS_IN
from appliance.store.database import Database
from appliance.store.migrations import MIGRATIONS, migrate


def restore(data: Path, file: Path, passphrase: str | None = None) -> Path | None:
    with staged(data, file, passphrase, InHurry()) as found:
        with ThreadPoolExecutor(1) as executor:
            executor.submit(asyncio.run, bring_up_to_date(found)).result()
        found.offer()
    return switching.finish(data)


def test_an_empty_box_becomes_the_one_that_was_backed_up(
    stocked: Path, whole: Path, tmp_path: Path
) -> None:
    data = tmp_path / "new" / "data"
    assert restore(data, whole) is None
    assert {each.name for each in data.iterdir()} == {
        *{"appliance.sqlite3", "documents", "tls", "backup.lock"}
    }
    database = data / "appliance.sqlite3"
    assert dump(database, but=LETS_IN) == dump(stocked / "appliance.sqlite3", but=LETS_IN)
    wanted = files_of(stocked)
    del wanted["page.key"]
    assert files_of(data) == wanted
    for path in data.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_what_was_there_before_is_kept_whole(whole: Path, tmp_path: Path) -> None:
    data = stock(tmp_path / "data", "Something else entirely.")
    (data / "documents" / ("e" * 32)).write_bytes(b"added since")
    (data / "kv").mkdir()
    before_dump = dump(data / "appliance.sqlite3")
    before = restore(data, whole)
    assert before is not None and before.parent == data
    assert dump(before / "appliance.sqlite3") == before_dump
    assert (before / "documents" / ("e" * 32)).read_bytes() == b"added since"
    assert not (data / "documents" / ("e" * 32)).exists()
    assert not (data / "kv").exists()  # of other conversations
    # It is in no open backup, so the box keeps its own.
    assert (data / "page.key").read_bytes() == FILES["page.key"]


def test_what_sqlite_wrote_beside_the_old_database_is_not_taken_for_the_new_one_s(
    whole: Path, tmp_path: Path
) -> None:
    data = stock(tmp_path / "data")
    with closing(sqlite.connect(data / "appliance.sqlite3")) as database:
        database.execute("UPDATE people SET name = 'somebody else'")
        database.commit()
        wal = (data / "appliance.sqlite3-wal").read_bytes()
    (data / "appliance.sqlite3-wal").write_bytes(wal)  # as a crash leaves it
    before = restore(data, whole)
    assert before is not None
    assert (before / "appliance.sqlite3-wal").read_bytes() == wal
    assert one(data / "appliance.sqlite3", "SELECT name FROM people") == "me"


def test_everybody_is_signed_out_even_if_the_backup_says_otherwise(
    whole: Path, tmp_path: Path
) -> None:
    restore(data := tmp_path / "data", whole)
    for table in LETS_IN:
        assert one(data / "appliance.sqlite3", f"SELECT count(*) FROM {table}") == 0


async def test_a_box_opens_with_it_and_takes_up_an_offer_that_waits(
    stocked: Path, whole: Path, tmp_path: Path
) -> None:
    """As the start after a power cut does, or after a restore while the box ran."""
    from appliance.settings import Settings
    from appliance.stopped_box import open_stopped_box

    data = tmp_path / "data"
    with staged(data, whole, None, InHurry()) as found:
        await bring_up_to_date(found)
        found.offer()
    assert not (data / "appliance.sqlite3").exists()
    settings = Settings(data_dir=data, hot={"embedded": False})
    async with open_stopped_box(settings) as box:
        assert [each.person.name for each in await box.people.list()] == ["me"]
    assert not switching.is_offered(data)


def test_a_second_one_waits_for_the_first(whole: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with staged(data, whole, None, InHurry()) as found:
        found.offer()
    with (
        pytest.raises(BackupError, match="waits in this directory"),
        staged(data, whole, None, InHurry()),
    ):
        pass


def test_a_restore_that_was_not_wanted_leaves_nothing(whole: Path, tmp_path: Path) -> None:
    data = stock(tmp_path / "data")
    before = {path.name: path.stat().st_mtime_ns for path in data.iterdir()}
    with staged(data, whole, None, InHurry()):
        pass
    after = {path.name: path.stat().st_mtime_ns for path in data.iterdir()}
    after.pop("backup.lock")
    assert after == before


def backup_of_shape(tmp_path: Path, number: int) -> Path:
    """As a version made it whose newest migration was that one."""
    data = tmp_path / f"of-shape-{number}"
    data.mkdir()

    async def run() -> None:
        path = data / "appliance.sqlite3"
        opening.prepare_file(path)
        connection = await opening.open_writer(path)
        await migrate(connection, MIGRATIONS[:number])
        await connection.execute(
            "INSERT INTO people (person_id, name, created_at) VALUES ('p', 'you', 0)"
        )
        await connection.close()

    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, run()).result()
    return make(Plan(data, tmp_path / f"{number}.tar"), InHurry()).path


@pytest.mark.parametrize("number", [1, 5, len(MIGRATIONS) - 1])
def test_a_backup_of_an_older_version_is_brought_up_to_date(tmp_path: Path, number: int) -> None:
    restore(data := tmp_path / "data", backup_of_shape(tmp_path, number))
    database = data / "appliance.sqlite3"
    assert one(database, "SELECT max(number) FROM schema_migrations") == MIGRATIONS[-1].number
    assert one(database, "SELECT name FROM people") == "you"


def test_a_newer_version_s_is_refused_with_what_to_do_and_nothing_is_unpacked(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.backups.unpacking.MIGRATIONS", MIGRATIONS[:5])
    data = stock(tmp_path / "data")
    before = dump(data / "appliance.sqlite3")
    with (
        pytest.raises(BackupRefused, match=r"newer version, appliance .* knows 5"),
        staged(data, whole, None, InHurry()),
    ):
        pass
    assert dump(data / "appliance.sqlite3") == before


def test_a_flipped_bit_changes_nothing_of_the_box(whole: Path, tmp_path: Path) -> None:
    data = stock(tmp_path / "data")
    before = dump(data / "appliance.sqlite3")
    content = bytearray(whole.read_bytes())
    content[len(content) // 2] ^= 8
    (flipped := tmp_path / "flipped.tar").write_bytes(content)
    with (
        pytest.raises(BackupRefused, match="was changed"),
        staged(data, flipped, None, InHurry()),
    ):
        pass
    assert dump(data / "appliance.sqlite3") == before
    assert not (data / "backup-unfinished").exists()


async def test_sealed_accounts_stay_sealed(tmp_path: Path) -> None:
    from sealing import seal_now

    from appliance.accounts.keyring import Keyring
    from appliance.store import people, seals

    keyring, data = Keyring(), stock(tmp_path / "data", "a word about herons")
    database = await Database.open(data / "appliance.sqlite3", keyring)
    async with database.read() as reader:
        rows = await reader.execute_fetchall("SELECT person_key, person_id, name FROM people")
    from appliance.conversations.conversation import Person

    person = Person(*next(iter(rows)))
    await seal_now(database, keyring, person)
    await database.sweep()
    await database.close()
    made = make(Plan(data, tmp_path / "a.tar"), InHurry())
    assert b"herons" not in made.path.read_bytes()
    restore(new := tmp_path / "new", made.path)
    database = await Database.open(new / "appliance.sqlite3")
    async with database.read() as reader:
        assert await seals.find(reader, person.person_key) is not None
    await database.close()
    assert people is not None


def test_the_list_can_be_read_by_itself(whole: Path) -> None:
    with whole.open("rb") as file:
        assert TarReader(file).manifest.counts.conversations == 1

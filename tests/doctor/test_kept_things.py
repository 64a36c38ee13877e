"""What the box keeps, damaged, old or gone."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from planted_box import PID, Planted
from pysqlite3 import dbapi2 as sqlite
from stocked_box import stock

from appliance.backups import record
from appliance.backups.record import LastFailure, Record
from appliance.doctor import kept_things
from appliance.doctor.finding import State
from appliance.network.authority import issue, make_authority
from appliance.network.tls_folder import TlsFolder


@pytest.fixture
def box(tmp_path: Path) -> Planted:
    planted = Planted(tmp_path)
    stock(planted.data)
    return planted


def test_a_damaged_database_names_the_newest_backup(box: Planted) -> None:
    assert kept_things.database(box.patient()).state is State.FINE
    (box.data / "backups").mkdir()
    (box.data / "backups" / "appliance-20260101-030000.tar").touch()
    with (box.data / "appliance.sqlite3").open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 8192)
    found = kept_things.database(box.patient())
    assert found.state is State.WRONG
    assert found.to_do.startswith("appliance restore ") and "20260101" in found.to_do


def test_a_newer_database(box: Planted) -> None:
    with closing(sqlite.connect(box.data / "appliance.sqlite3")) as database:
        database.execute("INSERT INTO schema_migrations VALUES (99, 'm099_future', 0)")
        database.commit()
    assert "newer version" in kept_things.database(box.patient()).says


def test_an_index_that_fell_behind(box: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_things.index(box.patient()).state is State.FINE
    monkeypatch.setattr(kept_things, "MUCH_TO_DO", 1)
    found = kept_things.index(box.patient())
    assert found.state is State.WARNING and "2 messages" in found.says


def test_no_backup_an_old_one_and_one_that_failed(box: Planted) -> None:
    assert kept_things.backups(box.patient()).says == "There is no backup."
    (box.data / "backups").mkdir()
    made_at = datetime.now(UTC) - timedelta(days=3)
    name = f"appliance-{made_at:%Y%m%d-%H%M%S}.tar"
    (box.data / "backups" / name).touch()
    assert kept_things.backups(box.patient()).state is State.WARNING
    (box.data / "backups" / f"appliance-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar").touch()
    found = kept_things.backups(box.patient())
    assert found.state is State.FINE and "dies with it" in found.to_do
    record.write(box.data, Record(None, LastFailure(0, "No room.")))
    found = kept_things.backups(box.patient())
    assert found.state is State.WRONG and "No room." in found.says


def test_what_a_restore_left(box: Planted) -> None:
    assert kept_things.left_behind(box.patient()).state is State.FINE
    (box.data / "before-restore-20260101-030000").mkdir()
    assert "before-restore-2026" in kept_things.left_behind(box.patient()).says
    (box.data / "restored").mkdir()
    assert kept_things.left_behind(box.patient()).to_do == "Restart the box."


@pytest.mark.parametrize(
    ("days", "state"),
    [(100, State.FINE), (3640, State.WARNING), (3700, State.WRONG), (-100, State.WRONG)],
)
def test_a_certificate_authority_that_runs_out(tmp_path: Path, days: int, state: State) -> None:
    box = Planted(tmp_path)
    made = datetime.now(UTC) - timedelta(days=days)
    TlsFolder(box.data).keep_authority(make_authority("box", [], made))
    assert kept_things.certificate(box.patient()).state is state


def test_a_certificate_that_nobody_renewed(tmp_path: Path) -> None:
    box, folder = Planted(tmp_path), TlsFolder(tmp_path / "data")
    assert kept_things.certificate(box.patient()).state is State.FINE
    made = datetime.now(UTC) - timedelta(days=420)
    folder.keep_authority(make_authority("box", [], made))
    folder.keep_server(issue(folder.authority(), ["box.local"], [], made))
    found = kept_things.certificate(box.patient())
    assert (found.state, found.to_do) == (State.WRONG, "appliance tls renew")


def test_a_valkey_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Planted(tmp_path, hot={"embedded": True})
    assert kept_things.valkey(box.patient(runs=True)).state is State.WARNING
    child = box.proc / "77"
    child.mkdir()
    (child / "comm").write_text("valkey-server\n")
    (child / "stat").write_text(f"77 (valkey-server) S {PID} 77 77 0\n")
    assert kept_things.valkey(box.patient(runs=True)).state is State.FINE
    monkeypatch.setattr(kept_things, "find_binary", lambda: None)
    assert "There is no Valkey" in kept_things.valkey(box.patient()).says

"""A backup has all that the box needs, nothing that lets somebody in, and was read back."""

import io
import os
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite
from stocked_box import DOCUMENT_ID, WORDS, dump, files_of, one, stock

from appliance.backups import making, record
from appliance.backups.making import Plan, make
from appliance.backups.pace import InHurry, Pace
from appliance.errors import BackupError
from appliance.store.backup import LETS_IN


def unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder


def test_it_holds_the_database_the_documents_and_the_certificates(
    stocked: Path, whole: Path, tmp_path: Path
) -> None:
    inside = unpacked(whole, tmp_path)
    copy = inside / "appliance.sqlite3"
    assert dump(copy, but=LETS_IN) == dump(stocked / "appliance.sqlite3", but=LETS_IN)
    assert one(copy, "SELECT content FROM messages LIMIT 1") == WORDS
    for name, content in files_of(stocked).items():
        if name != "page.key":
            assert (inside / name).read_bytes() == content
    assert whole.stat().st_mode & 0o777 == 0o600


def test_nobody_is_signed_in_in_it_and_no_trace_of_a_key_is_left(whole: Path) -> None:
    with tarfile.open(whole) as opened:
        file = opened.extractfile("appliance.sqlite3")
        assert file is not None
        content = file.read()
    from signed_in import KEY

    from appliance.accounts.random_keys import key_hash

    assert key_hash(KEY) not in content


def test_the_page_s_key_lies_in_no_file_that_is_open(whole: Path) -> None:
    with tarfile.open(whole) as opened:
        assert "page.key" not in opened.getnames()


def test_what_makes_things_faster_is_left_out(stocked: Path, tmp_path: Path) -> None:
    for name in ("kv/state", "models/big.gguf", "errands.sock"):
        (stocked / name).parent.mkdir(exist_ok=True)
        (stocked / name).write_bytes(b"large")
    made = make(Plan(stocked, tmp_path / "a.tar"), InHurry())
    assert {each.name for each in made.manifest.members} == {
        *{"appliance.sqlite3", f"documents/{DOCUMENT_ID}"},
        *{"tls/authority.key", "tls/authority.pem"},
    }
    assert made.manifest.counts.messages == 2
    assert made.size_bytes == made.path.stat().st_size


def test_a_document_that_is_deleted_meanwhile_is_in_it_or_not_but_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = stock(tmp_path / "data")
    gather = making.gather

    def gathered_then_deleted(*arguments: object, **named: object) -> object:
        found = gather(*arguments, **named)  # type: ignore[arg-type]
        (data / "documents" / DOCUMENT_ID).unlink()
        return found

    monkeypatch.setattr(making, "gather", gathered_then_deleted)
    assert len(make(Plan(data, tmp_path / "a.tar"), InHurry()).manifest.members) == 4
    monkeypatch.undo()
    assert len(make(Plan(data, tmp_path / "b.tar"), InHurry()).manifest.members) == 3


def test_writers_go_on_while_it_is_made_and_it_holds_one_moment(tmp_path: Path) -> None:
    """Whenever it rests somebody writes, so that a copy that begins anew then would never end."""
    data = stock(tmp_path / "data", *("x" * 20_000 for _ in range(1000)))
    said = 0
    with closing(sqlite.connect(data / "appliance.sqlite3", isolation_level=None)) as writer:

        class Busy(InHurry):
            def rest(self) -> None:
                nonlocal said
                writer.execute("UPDATE people SET name = name || '.'")
                said += 1

        made = make(Plan(data, tmp_path / "a.tar"), Busy())
    assert said > 10
    copy = unpacked(made.path, tmp_path / "inside") / "appliance.sqlite3"
    assert one(copy, "SELECT name FROM people") == "me"
    assert one(copy, "PRAGMA integrity_check") == "ok"


def test_a_database_that_is_damaged_is_not_backed_up(tmp_path: Path) -> None:
    data = stock(tmp_path / "data", *("x" * 3000 for _ in range(200)))
    size = (data / "appliance.sqlite3").stat().st_size
    with (data / "appliance.sqlite3").open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(os.urandom(40_000))
    with pytest.raises(BackupError):
        make(Plan(data, tmp_path / "a.tar"), InHurry())
    assert not (tmp_path / "a.tar").exists()
    assert record.read(data).failure is not None


def test_what_was_written_wrongly_is_noticed_and_thrown_away(
    stocked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lying(file: io.RawIOBase) -> bytes:
        return b"x" * 100

    real = making.pieces_of

    def faulty(path: Path, pace: Pace) -> object:
        for piece in real(path, pace):
            yield piece[:-1] + b"!"

    monkeypatch.setattr(making, "pieces_of", faulty)
    with pytest.raises(BackupError, match=r"read back .*is not what it was"):
        make(Plan(stocked, tmp_path / "a.tar"), InHurry())
    assert list(tmp_path.iterdir()) == []


def test_a_backup_that_was_killed_leaves_nothing_that_the_next_one_minds(tmp_path: Path) -> None:
    data = stock(tmp_path / "data")
    folder = data / "backup-unfinished"
    folder.mkdir()
    (folder / "appliance.sqlite3").write_bytes(b"half")
    old = tmp_path / ".unfinished-appliance-20200101-000000.tar"
    old.write_bytes(b"half")
    os.utime(old, (0, 0))
    make(Plan(data, tmp_path / "a.tar"), InHurry())
    assert not folder.exists() and not old.exists()


def test_two_at_once_are_one_too_many(tmp_path: Path) -> None:
    from appliance.backups.workplace import workplace

    data = stock(tmp_path / "data")
    with workplace(data), pytest.raises(BackupError, match="made or restored already"):
        make(Plan(data, tmp_path / "a.tar"), InHurry())
    make(Plan(data, tmp_path / "a.tar"), InHurry())


def test_it_never_takes_the_place_of_a_file(stocked: Path, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("a letter")
    with pytest.raises(BackupError, match="there already"):
        make(Plan(stocked, tmp_path / "a.tar"), InHurry())
    assert (tmp_path / "a.tar").read_text() == "a letter"


def test_no_room_is_a_sentence_with_the_numbers(
    stocked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.backups.workplace.KEPT_FREE_BYTES", 1 << 60)
    with pytest.raises(BackupError, match=r"no room for it under .* it takes \S+ MB"):
        make(Plan(stocked, tmp_path / "a.tar"), InHurry())


def test_it_is_noted_how_the_last_one_went(tmp_path: Path) -> None:
    data = stock(tmp_path / "data")
    made = make(Plan(data, tmp_path / "a.tar"), InHurry())
    with pytest.raises(BackupError):
        make(Plan(data, tmp_path / "a.tar"), InHurry())
    noted = record.read(data)
    assert noted.made is not None and noted.made.path == str(made.path)
    assert noted.failure is not None and "there already" in noted.failure.sentence
    make(Plan(data, tmp_path / "b.tar"), InHurry())
    assert record.read(data).failure is None

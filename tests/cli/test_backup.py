"""appliance backup and appliance restore, on a box that runs and on one that does not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from appliance_process import ApplianceProcess
from signed_in import COOKIES, prepare
from stocked_box import WORDS, dump, one, stock

from appliance.store.backup import LETS_IN

# No model is needed for any of this, and none makes the start quick.
NO_MODEL = ("--model", "no-such-model")
NO_VALKEY = {"APPLIANCE_HOT__EMBEDDED": "false"}


def run(
    data: Path, *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appliance", *arguments, "--data", str(data)],
        env={**os.environ, "APPLIANCE_CONFIG": "", **NO_VALKEY, **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def said(data: Path, *arguments: str, **environment: str) -> str:
    done = run(data, *arguments, **environment)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def refused(data: Path, *arguments: str, stdin: str = "") -> str:
    done = run(data, *arguments, stdin=stdin)
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stock(tmp_path_factory.mktemp("stocked") / "data")


@pytest.fixture(scope="module")
def whole(stocked: Path) -> Path:
    said(stocked, "backup", str(stocked.parent / "whole.tar"))
    return stocked.parent / "whole.tar"


@pytest.fixture(params=["runs", "does not run"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ApplianceProcess | Path]:
    data = stock(tmp_path / "data", "Something of this box.")
    with ExitStack() as stack:
        if request.param == "runs":
            process = ApplianceProcess(data, *NO_MODEL, **NO_VALKEY)
            process.wait_for("No model yet: ")
            yield stack.enter_context(process)
        else:
            yield data


def data_of(box: ApplianceProcess | Path) -> Path:
    return box if isinstance(box, Path) else box.data_dir


def test_a_backup_goes_into_the_folder_and_back_into_an_empty_box(
    box: ApplianceProcess | Path, tmp_path: Path
) -> None:
    data = data_of(box)
    words = said(data, "backup")
    assert "1 conversation with 1 message of 1 person, and 1 document" in words
    assert "not encrypted" in words
    (archive,) = (data / "backups").iterdir()
    assert str(archive) in said(data, "backup", "--list")
    words = said(tmp_path / "new", "restore", str(archive))
    assert "is whole" in words and "It is restored." in words
    new, old = tmp_path / "new" / "appliance.sqlite3", data / "appliance.sqlite3"
    assert dump(new, but=LETS_IN) == dump(old, but=LETS_IN)


def test_a_backup_takes_the_place_of_a_box_that_has_something(
    box: ApplianceProcess | Path, whole: Path
) -> None:
    data = data_of(box)
    assert refused(data, "restore", str(whole), stdin="yes\n") == "Nothing was changed."
    assert one(data / "appliance.sqlite3", "SELECT content FROM messages") != WORDS
    words = said(data, "restore", str(whole), "--yes")
    assert "It is restored." in words and "before-restore-" in words
    assert one(data / "appliance.sqlite3", "SELECT content FROM messages") == WORDS
    (before,) = data.glob("before-restore-*")
    assert one(before / "appliance.sqlite3", "SELECT content FROM messages") != WORDS
    if isinstance(box, ApplianceProcess):
        assert box.wait_end() == 75  # whoever supervises it starts it again
        box.start_again()
        with httpx.Client(base_url=box.url, cookies=COOKIES) as browser:
            assert browser.get("/").headers["location"].startswith("/sign-in")


def test_one_that_comes_back_before_is_restored_by_its_own_start(
    tmp_path: Path, whole: Path
) -> None:
    """As a supervisor brings it back: the restored box is offered, and the process ends."""
    from appliance.backups.pace import InHurry
    from appliance.backups.restoring import staged

    data = stock(tmp_path / "data", "Something of this box.")
    with staged(data, whole, None, InHurry()) as found:
        found.offer()
    with ApplianceProcess(data, *NO_MODEL, **NO_VALKEY) as process:
        process.wait_for("No model yet: ")
        assert process.stored("SELECT content FROM messages")[0] == (WORDS,)


def test_a_passphrase_comes_from_a_file_or_from_systemd(stocked: Path, tmp_path: Path) -> None:
    (tmp_path / "pass").write_text("three swans\n")
    words = said(
        stocked, "backup", str(tmp_path / "a.tar"), "--passphrase-file", f"{tmp_path}/pass"
    )
    assert "encrypted." in words and "not encrypted" not in words
    (credentials := tmp_path / "credentials").mkdir()
    (credentials / "backup.passphrase").write_text("three swans\n")
    systemd = {"CREDENTIALS_DIRECTORY": str(credentials)}
    new = tmp_path / "new"
    assert "It is restored." in said(new, "restore", str(tmp_path / "a.tar"), **systemd)
    (credentials / "backup.passphrase").write_text("")  # as the unit has it without a file
    assert "not encrypted" in said(stocked, "backup", str(tmp_path / "b.tar"), **systemd)


def test_only_so_many_stay(stocked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for day in range(10, 20):
        (folder / f"appliance-202601{day}-030000.tar").touch()
    (folder / "letter.tar").touch()
    keep = {"APPLIANCE_BACKUP__DAILY": "3", "APPLIANCE_BACKUP__WEEKLY": "0"}
    words = said(stocked, "backup", "--to", str(folder), **keep)
    assert words.count("was deleted") == 8
    assert len(list(folder.iterdir())) == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("backup", "{tmp}/letter.txt"), "is there already"),
        (("backup", "{tmp}/a.tar", "--to", "{tmp}"), "a file or a folder, not both"),
        (("backup", "{tmp}/letter.txt/a.tar"), "cannot be read or written"),
        (("backup", "{tmp}/a.tar", "--passphrase-file", "{tmp}/none"), "cannot be read"),
        (("backup", "{tmp}/a.tar", "--passphrase-file", "{tmp}/empty"), "from 1 to 1000"),
        (("backup", "{tmp}/a.tar", "--encrypt"), "Nobody can be asked here"),
        (("restore", "{tmp}/none.tar"), "There is no file"),
        (("restore", "{tmp}/letter.txt"), "is cut short"),
        (("restore", "{tmp}/zeros"), "no backup of an appliance"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(
    stocked: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "letter.txt").write_text("Dear all")
    (tmp_path / "zeros").write_bytes(bytes(10_000))
    (tmp_path / "empty").touch()
    before = sorted(tmp_path.iterdir())
    assert sentence in refused(stocked, *(each.format(tmp=tmp_path) for each in arguments))
    assert sorted(tmp_path.iterdir()) == before


def test_a_backup_that_is_whole_can_be_looked_at_without_changing_anything(
    whole: Path, tmp_path: Path
) -> None:
    prepare(tmp_path / "data")
    before = dump(tmp_path / "data" / "appliance.sqlite3")
    assert "is whole" in said(tmp_path / "data", "restore", str(whole), "--check")
    assert dump(tmp_path / "data" / "appliance.sqlite3") == before


def test_without_a_box_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    assert "There is no box in" in refused(tmp_path / "none", "backup", str(tmp_path / "a.tar"))
    assert list(tmp_path.iterdir()) == []

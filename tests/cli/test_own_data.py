"""appliance export, import and person, on a box that runs and on one that does not."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from appliance_process import ApplianceProcess
from exports import own_conversation, own_file
from page_client import PageClient
from pysqlite3 import dbapi2 as sqlite

# No model is needed for any of this, and none makes the start quick.
NO_MODEL = ("--model", "no-such-model")


def run(data: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appliance", *arguments, "--data", str(data)],
        env={**os.environ, "APPLIANCE_CONFIG": "", "APPLIANCE_HOT__EMBEDDED": "false"},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def stored(data: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite.connect(f"file:{data}/appliance.sqlite3?mode=ro", uri=True)) as db:
        return list(db.execute(sql).fetchall())


@pytest.fixture(params=["runs", "does not run"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A data directory with a long name, which a socket's path would have no room for."""
    directory = tmp_path / ("d" * 120)
    if request.param == "does not run":
        yield directory
        return
    environment = {"APPLIANCE_HOT__EMBEDDED": "false"}
    with ApplianceProcess(directory, *NO_MODEL, **environment) as process:
        process.wait_for("No model yet: ")
        yield directory


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "export.json"
    conversations = (own_conversation("Hi", "Ho"), own_conversation("차", title="차"))
    path.write_bytes(own_file(*conversations))
    return path


def test_a_file_is_imported_once_and_exported_again(data: Path, file: Path, tmp_path: Path) -> None:
    done = run(data, "import", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Imported: 2 conversations with 3 messages.\n"
    again = run(data, "import", str(file))
    assert again.stdout.endswith("2 conversations were here already.\n")
    target = tmp_path / "out.json"
    done = run(data, "export", str(target))
    assert (done.returncode, done.stdout) == (0, f"{target} is written.\n")
    assert json.loads(target.read_text()) == json.loads(file.read_text())
    assert target.stat().st_mode & 0o777 == 0o600


def test_one_conversation_or_all_of_a_person_are_exported(
    data: Path, file: Path, tmp_path: Path
) -> None:
    run(data, "import", str(file))
    conversation_id = json.loads(file.read_text())["conversations"][1]["conversation_id"]
    markdown, archive = tmp_path / "tea.md", tmp_path / "all.zip"
    run(data, "export", str(markdown), "--conversation", conversation_id)
    assert markdown.read_text().startswith("# 차\n")
    assert run(data, "person", "export", str(archive)).returncode == 0
    with zipfile.ZipFile(archive) as opened:
        assert len(opened.namelist()) == 3


def test_a_person_is_deleted_after_the_words_are_typed(data: Path, file: Path) -> None:
    run(data, "import", str(file))
    refused = run(data, "person", "delete", stdin="yes\n")
    assert refused.returncode == 1
    assert "Nothing was deleted" in refused.stderr
    done = run(data, "person", "delete", stdin="delete everything\n")
    assert done.stdout.endswith("Deleted for good: 2 conversations with 3 messages.\n")
    assert stored(data, "SELECT count(*) FROM messages") == [(0,)]
    assert "0 conversations" in run(data, "person", "delete", "--yes").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", "{tmp}/none.json"), "There is no file"),
        (("import", "{tmp}"), "There is no file"),
        (("import", "{tmp}/letter.txt"), "no list of conversations"),
        (("export", "{tmp}/out.doc"), "names no format"),
        (("export", "{tmp}/out.md"), "FILE.zip or FILE.json"),
        (("export", "{tmp}/letter.txt.json"), "cannot be made: File exists"),
        (("export", "{tmp}/out.zip", "--conversation", "0" * 32), "FILE.md or FILE.json"),
        (("export", "{tmp}/out.md", "--conversation", "0" * 32), "no such conversation"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_leaves_no_file(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "appliance.sqlite3").touch()
    for name in ("letter.txt", "letter.txt.json"):
        (tmp_path / name).write_text("Dear all")
    before = set(tmp_path.iterdir())
    done = run(data, *(each.format(tmp=tmp_path) for each in arguments))
    assert done.returncode == 1
    assert said in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert set(tmp_path.iterdir()) == before


def test_a_box_that_runs_refuses_in_the_same_words(data: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear all")
    done = run(data, "import", str(tmp_path / "letter.txt"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "no list of conversations" in done.stderr.replace("\n", " ")


def test_without_a_box_there_is_nothing_to_export_or_delete(tmp_path: Path) -> None:
    for arguments in (("export", str(tmp_path / "out.zip")), ("person", "delete", "--yes")):
        done = run(tmp_path / "none", *arguments)
        assert done.returncode == 1
        assert "There is no box in" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.model
def test_the_socket_is_its_owners_and_goes_with_the_box(tmp_path: Path) -> None:
    with ApplianceProcess(tmp_path / "data", *NO_MODEL) as process:
        process.wait_for("No model yet: ")
        socket = tmp_path / "data" / "errands.sock"
        assert socket.stat().st_mode & 0o777 == 0o600
        assert process.stop() == 0
        assert not socket.exists()
        process.start_again()
        process.wait_for("No model yet: ")
        process.kill()
        process.start_again()  # what the kill left is in nobody's way
        process.wait_for("No model yet: ")
        assert "0 conversations" in run(tmp_path / "data", "person", "delete", "--yes").stdout


@pytest.mark.model
def test_an_open_page_hears_of_what_the_command_line_deleted(tmp_path: Path) -> None:
    with ApplianceProcess(tmp_path / "data") as process:
        process.wait_ready()
        with PageClient(process.url) as page:
            said = page.say("Say hello.")
            page.read_to_end(said)
            done = run(tmp_path / "data", "person", "delete", "--yes")
            assert "1 conversation with 2 messages" in done.stdout
            assert "of the model" in done.stdout
            assert page.messages(said) == []

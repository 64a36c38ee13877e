"""Documents from the command line, at a box that does not run; one that runs does the same."""

import subprocess
import sys
import zipfile

import pytest
from signed_in import prepare


@pytest.fixture
def data_dir(tmp_path):
    prepare(tmp_path / "data")
    return tmp_path / "data"


def command(data_dir, *words):
    done = subprocess.run(
        [sys.executable, "-m", "appliance", *words, "--data", str(data_dir)],
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_document_is_put_in_listed_taken_along_and_deleted(data_dir, tmp_path):
    (tmp_path / "house.txt").write_text("The valve is blue.")
    assert command(data_dir, "document", "list") == (0, "There are no documents.\n")
    code, said = command(data_dir, "document", "add", str(tmp_path / "house.txt"))
    assert (code, said.split(" is ")[0]) == (0, "house.txt")
    _, listed = command(data_dir, "document", "list")
    assert "house.txt  (waiting)" in listed
    assert command(data_dir, "person", "export", str(tmp_path / "all.zip"))[0] == 0
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.read("documents/00001 house.txt") == b"The valve is blue."
    code, said = command(data_dir, "document", "remove", "house.txt")
    assert code == 0 and "deleted for good" in said
    assert list((data_dir / "documents").iterdir()) == []
    code, said = command(data_dir, "document", "remove", "house.txt")
    assert code == 1 and "There is no document house.txt" in said


def test_all_that_is_a_persons_goes_with_the_files(data_dir, tmp_path):
    (tmp_path / "house.txt").write_text("The valve is blue.")
    (tmp_path / "all.txt").write_text("The door is red.")
    command(data_dir, "document", "add", str(tmp_path / "house.txt"))
    command(data_dir, "document", "add", "--everybody", str(tmp_path / "all.txt"))
    code, said = command(data_dir, "person", "delete", "--yes")
    assert code == 0 and "1 document" in said
    _, listed = command(data_dir, "document", "list")
    assert "house.txt" not in listed and "all.txt  (waiting, for everybody)" in listed
    assert len(list((data_dir / "documents").iterdir())) == 1


def test_what_is_no_file_is_a_sentence(data_dir, tmp_path):
    code, said = command(data_dir, "document", "add", str(tmp_path / "none"))
    assert code == 1 and "cannot be read" in said
    (tmp_path / "empty.txt").write_text("")
    code, said = command(data_dir, "document", "add", str(tmp_path / "empty.txt"))
    assert code == 1 and "empty" in said

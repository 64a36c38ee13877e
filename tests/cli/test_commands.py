"""The command line, as its own process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import appliance
from appliance.cli.ask import _printable


def run(
    *arguments: str, data: Path, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appliance", *arguments],
        env={**os.environ, "XDG_DATA_HOME": str(data), "APPLIANCE_CONFIG": "", **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.model
def test_ask_prints_an_answer_of_the_model(tmp_path: Path) -> None:
    done = run("ask", "Say hello", "--max-tokens", "20", "--seed", "1", data=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) >= 1
    assert done.stderr == ""


@pytest.mark.model
def test_ask_reads_standard_input_and_the_same_seed_gives_the_same_answer(tmp_path: Path) -> None:
    answers = [
        run("ask", "-", "--max-tokens", "12", "--seed", "5", data=tmp_path, stdin="Name a colour")
        for _ in range(2)
    ]
    assert answers[0].stdout == answers[1].stdout != ""


def test_an_empty_question_is_a_sentence(tmp_path: Path) -> None:
    done = run("ask", "  ", data=tmp_path)
    assert (done.returncode, done.stderr.strip()) == (
        1,
        "The message is empty. Write something first.",
    )


def test_ask_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    run("ask", "", data=tmp_path)
    assert list(tmp_path.rglob("*")) == []


def test_a_missing_model_is_a_sentence(tmp_path: Path) -> None:
    done = run("ask", "Hello", "--model", "no-such-model", data=tmp_path)
    assert done.returncode == 1
    assert "no-such-model" in done.stderr
    assert "Traceback" not in done.stderr


def test_version_names_what_it_stands_on(tmp_path: Path) -> None:
    done = run("version", data=tmp_path)
    assert f"appliance {appliance.__version__}" in done.stdout
    assert "llama-cpp-python" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--lan", "--port", "0"), "not set up yet"),
        (("--host", "0.0.0.0", "--port", "0"), "not set up yet"),
        (("--host", "box.lan"), "server.host"),
        (("--port", "70000"), "server.port"),
    ],
)
def test_what_cannot_be_served_stops_the_start_with_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = run("serve", *arguments, data=tmp_path)
    assert done.returncode == 78
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    done = run("serve", "--port", "0", "--data", str(tmp_path / "file" / "data"), data=tmp_path)
    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    assert "--data" in done.stderr


def test_an_unknown_command_says_which_there_are(tmp_path: Path) -> None:
    done = run("chat", data=tmp_path)
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_control_sequences_of_a_model_are_shown_and_not_obeyed() -> None:
    assert _printable("a\x1b[2Jb\r\n한") == "a\\x1b[2Jb\\r\n한"

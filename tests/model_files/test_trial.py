"""The child process that opens a stranger's file, and what its parent makes of it."""

import ctypes
import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from appliance.errors import ModelRefused
from appliance.languages.languages import read_languages
from appliance.model_files import trial_run
from appliance.model_files.library import ModelLibrary
from appliance.model_files.trial_report import TrialAnswer
from appliance.model_files.trial_run import TrialLimits, run_trial
from appliance.paths import LOCALE, ROOT
from appliance.sentences import value_in
from appliance.settings_engine import DEFAULT_MODEL

WriteGguf = Callable[..., Path]
FIRM = TrialLimits(memory_bytes=3 << 30, cpu_seconds=20, wall_seconds=60)


def test_a_good_file_is_described(tiny: Path) -> None:
    report = run_trial(tiny, tiny.name, FIRM)
    assert (report.architecture, report.title, report.context_tokens) == ("llama", "Tiny", 256)
    assert report.quantisation == "F32"
    assert report.template_sha256 == hashlib.sha256(report.template.encode()).hexdigest()
    assert "안녕하세요" in report.sample_text
    assert report.end_texts == ("<|im_end|>",)


def test_a_file_without_a_template_is_told_in_chatml(tmp_path: Path, write_gguf: WriteGguf) -> None:
    report = run_trial(write_gguf(tmp_path / "x.gguf", template=None), "x.gguf", FIRM)
    assert report.template == ""
    assert "<|im_start|>" in report.sample_text


@pytest.mark.model
@pytest.mark.timeout(300)
def test_the_embedded_model_passes(library: ModelLibrary) -> None:
    model = library.find(DEFAULT_MODEL)
    report = run_trial(model.path, model.name)
    assert report.template_sha256 == model.template_sha256
    assert (report.quantisation, report.context_tokens) == ("Q4_1", 8192)


def test_a_file_that_is_no_model_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelRefused, match=r"^x\.gguf was refused: "):
        run_trial(path, "x.gguf", FIRM)


def test_a_file_with_tensors_missing_fails_when_it_is_run_not_before(
    tmp_path: Path, tiny: Path
) -> None:
    content = tiny.read_bytes()
    path = tmp_path / "other.gguf"
    path.write_bytes(content.replace(b"blk.0.attn_q.weight", b"blk.0.attn_x.weight"))
    run_trial(path, path.name, FIRM, whole=False)
    with pytest.raises(ModelRefused, match=r"llama\.cpp cannot load"):
        run_trial(path, path.name, FIRM)


def _child(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Put other code in the place of the child's."""
    limited = (
        "import os, sys, time, signal; sys.path.insert(0, sys.argv.pop(1)); "
        "from appliance.model_files.child_limits import give_up_all; "
        "give_up_all(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))\n"
    )
    monkeypatch.setattr(trial_run, "_START", limited + body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("os.abort()", "SIGABRT"),
        ("print('{}garbage')", "do not use"),
        ("print('[' * 100000)", "do not use"),
        ('print(\'{"report": {"architecture": 3}}\')', "do not use"),
        ("", "do not use"),
        ("sys.exit(3)", "exit status 3"),
        ("while True: os.write(1, b'x' * 65536)", "without end"),
        ("x = bytearray(4 << 30)", "do not use"),
        ("while True: pass", "SIGKILL"),
    ],
)
def test_whatever_the_child_does_the_answer_is_a_sentence(
    body: str, reason: str, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _child(monkeypatch, body)
    limits = TrialLimits(memory_bytes=1 << 30, cpu_seconds=1, wall_seconds=60)
    with pytest.raises(ModelRefused, match=reason):
        run_trial(tiny, tiny.name, limits)


def test_a_child_that_hangs_is_ended_with_all_that_it_started(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It would hold the pipe's other end if it outlived the trial.
    _child(monkeypatch, "os.fork(); signal.pause()")
    limits = TrialLimits(memory_bytes=1 << 30, cpu_seconds=5, wall_seconds=0.5)
    with pytest.raises(ModelRefused, match="took too long"):
        run_trial(tiny, tiny.name, limits)


@pytest.mark.parametrize(
    "attempt",
    [
        "os.write(os.open('{folder}/new', os.O_WRONLY | os.O_CREAT), b'x')",
        "import socket; socket.create_connection(('127.0.0.1', {port}), 5)",
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        "os.unlink('{folder}/kept')",
        "os.open('{folder}/kept', os.O_WRONLY | os.O_TRUNC)",
        "os.execv('/bin/true', ['true'])",
    ],
    ids=["write", "connect", "lift a limit", "remove", "empty", "run"],
)
def test_the_child_cannot(attempt: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        code = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); import os\n"
            "from appliance.model_files.child_limits import give_up_all\n"
            "give_up_all(1 << 30, 5, os.getppid())\n"
            "try:\n"
            f"    {attempt.format(folder=tmp_path, port=listening.getsockname()[1])}\n"
            "except (OSError, ValueError):\n"
            "    print('refused')\n"
        )
        said = subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False
        )
    if "socket" in attempt and not _networks_can_be_left():
        pytest.skip("this kernel lets nobody leave the network")
    if "kept" in attempt or "exec" in attempt:
        _needs_landlock()
    assert said.stdout == "refused\n", said.stderr


def _needs_landlock() -> None:
    if ctypes.CDLL(None).syscall(444, None, 0, 1) < 3:
        pytest.skip("this kernel's Landlock cannot forbid that")


def _networks_can_be_left() -> bool:
    child = subprocess.run(
        [sys.executable, "-c", "import ctypes; exit(ctypes.CDLL(None).unshare(0x50000000) != 0)"],
        check=False,
    )
    return child.returncode == 0 or os.geteuid() == 0


def test_the_child_sees_no_variable_of_ours(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    _child(monkeypatch, "sys.exit(7 if 'HF_TOKEN' in os.environ else 5)")
    with pytest.raises(ModelRefused, match="exit status 5"):
        run_trial(tiny, tiny.name, FIRM)


def test_what_the_child_says_can_be_said_in_the_readers_language(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = TrialAnswer(refusal="The model loads but cannot compute; get another file.")
    monkeypatch.setattr(trial_run, "_listen", lambda *_: msgspec.json.encode(answer))
    with pytest.raises(ModelRefused) as refused:
        run_trial(tiny, "my.gguf", FIRM)
    assert str(refused.value) == f"my.gguf was refused: {answer.refusal}"
    german = read_languages(LOCALE).named("de")
    assert german is not None
    assert value_in(refused.value.sentence, german) == (
        "my.gguf wurde abgelehnt: Das Modell lässt sich laden, kann aber nicht rechnen; besorgen "
        "Sie eine andere Datei."
    )

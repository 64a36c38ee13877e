"""appliance model, as a person types it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli.model import model
from appliance.errors import ModelRefused
from appliance.model_files.box_memory import total_memory_gb
from appliance.settings_engine import DEFAULT_MODEL


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def _run(data: Path, *words: object, answer: str = "") -> Result:
    return CliRunner().invoke(model, [*map(str, words), "--data", str(data)], input=answer)


def test_a_model_is_added_used_verified_and_removed(data: Path, tiny: Path) -> None:
    added = _run(data, "add", tiny, "--name", "tiny", answer="y\n")
    assert added.exit_code == 0, added.output
    for shown in ("256 tokens", "F32", "apache-2.0", "Chat template", "not known"):
        assert shown in added.output
    assert "from the next start" in _run(data, "use", "tiny").output
    assert "│ * │ tiny" in _run(data, "list").output
    assert "is intact" in _run(data, "verify", "tiny").output
    assert "choose another" in _run(data, "remove", "tiny").output
    assert "tiny " not in _run(data, "list").output.split("Recommended")[0]


def test_a_template_that_is_not_accepted_keeps_the_model_out(data: Path, tiny: Path) -> None:
    declined = _run(data, "add", tiny, answer="n\n")
    assert isinstance(declined.exception, ModelRefused)
    assert "was not added" in str(declined.exception)
    assert not list((data / "models").glob("*.gguf"))


def test_yes_accepts_without_asking(data: Path, tiny: Path) -> None:
    added = _run(data, "add", tiny, "--yes")
    assert added.exit_code == 0
    assert "tiny-model is here" in added.output


@pytest.mark.model
def test_the_list_marks_the_one_that_answers(data: Path) -> None:
    assert f"│ * │ {DEFAULT_MODEL}" in _run(data, "list").output


def test_recommendations_follow_language_and_memory(data: Path) -> None:
    output = _run(data, "list", "--language", "ko", "--memory", 12).output
    assert "qwen3-8b" in output
    assert "mistral-nemo" not in output  # needs 16 GB
    assert "llama-3.2-3b" not in output  # not in Korean
    nothing = _run(data, "list", "--language", "tlh").output
    assert "No other model is recommended" in nothing


def test_what_does_not_fit_the_memory_is_said(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.cli.model.total_memory_gb", lambda: 8)
    lines = _run(data, "list").output.splitlines()
    fits = {
        line.split("│")[1].strip(): line.split("│")[3].strip() for line in lines if " GB " in line
    }
    assert fits["qwen3-4b"] == "yes"
    assert fits["qwen3-8b"] == "no"


def test_the_memory_of_the_box_is_told_as_sold(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemFree: 1 kB\nMemTotal:       16123456 kB\n")
    assert total_memory_gb(meminfo) == 15
    assert total_memory_gb(tmp_path / "nothing") is None

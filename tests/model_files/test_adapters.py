"""How a LoRA adapter comes in, and onto its model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from adapter_gguf import write_adapter
from click.testing import CliRunner

from appliance.cli.model import model
from appliance.errors import ModelMissing, ModelRefused
from appliance.model_choice import ModelChoice
from appliance.model_files.adapters import add_adapter
from appliance.model_files.adding import candidate
from appliance.model_files.library import ModelLibrary
from appliance.model_files.presets import LoraUse, load_presets
from appliance.paths import PRESETS
from appliance.settings import Settings
from appliance.settings_engine import DEFAULT_MODEL

WriteGguf = Callable[..., Path]
WIDTH = 32  # of the tiny model


@pytest.fixture
def base(library: ModelLibrary, tiny: Path) -> str:
    """The tiny model, in the library."""
    with candidate(library, tiny, "tiny", {}, source="") as tried:
        return tried.accept(library).name


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "Polite Style.gguf", WIDTH)


def with_lora(library: ModelLibrary, name: str, *uses: LoraUse) -> ModelLibrary:
    """The library with a models.toml that names adapters."""
    known = next(iter(load_presets(PRESETS).values()))
    preset = msgspec.structs.replace(known, name=name, package=None, lora=uses)
    return ModelLibrary(library.directory, {**library.presets, name: preset})


def test_an_adapter_is_tried_on_its_model_and_kept(
    library: ModelLibrary, base: str, adapter: Path
) -> None:
    added = add_adapter(library, adapter, "polite-style", base)
    assert added.path.name == f"{added.sha256}.gguf"
    assert added.adapter_of == library.find(base).sha256
    assert [found.name for found in library.adapters()] == ["polite-style"]
    assert "polite-style" not in {found.name for found in library.list()}
    assert library.verify("polite-style").sha256 == added.sha256
    with pytest.raises(ModelRefused, match="is an adapter and no model"):
        library.use("polite-style")


def test_a_preset_puts_it_on_its_model(library: ModelLibrary, base: str, adapter: Path) -> None:
    added = add_adapter(library, adapter, "polite-style", base)
    use = LoraUse(file="Polite Style.gguf", scale=0.5)
    (found,) = with_lora(library, base, use).find(base).adapters
    assert (found.path, found.scale) == (added.path, 0.5)


@pytest.mark.model
def test_the_box_loads_the_model_with_it(library: ModelLibrary, tmp_path: Path) -> None:
    file = write_adapter(tmp_path / "style.gguf", 576)
    added = add_adapter(library, file, "style", DEFAULT_MODEL)
    plain = library.presets[DEFAULT_MODEL]
    library.presets = {
        DEFAULT_MODEL: msgspec.structs.replace(plain, lora=(LoraUse(file="style.gguf"),))
    }
    settings = Settings(data_dir=tmp_path, engine={"kv_tokens": 512})
    backend = ModelChoice(settings, library).loader(DEFAULT_MODEL)()
    assert backend.fingerprint.endswith(f"{added.sha256}*1.0")
    backend.close()


def test_one_that_is_not_here_or_for_another_model_keeps_the_model_from_loading(
    library: ModelLibrary, base: str, adapter: Path, tmp_path: Path, write_gguf: WriteGguf
) -> None:
    named = with_lora(library, base, LoraUse(file="Polite Style.gguf"))
    with pytest.raises(ModelMissing, match=r"Polite Style\.gguf.*is not here; add it"):
        named.find(base)
    add_adapter(library, adapter, "polite-style", base)
    named.find(base)
    other = write_gguf(tmp_path / "other.gguf", title="Other")
    with candidate(library, other, base, {}, source="") as tried:
        tried.accept(library)
    with pytest.raises(ModelMissing, match="was tried with another model"):
        named.find(base)


def test_one_that_was_changed_on_the_disk_is_refused(
    library: ModelLibrary, base: str, adapter: Path
) -> None:
    added = add_adapter(library, adapter, "polite-style", base)
    added.path.write_bytes(added.path.read_bytes()[:-4] + b"abcd")
    with pytest.raises(ModelRefused, match="is not the one that was accepted"):
        with_lora(library, base, LoraUse(file="polite-style")).find(base)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ({"width": 16}, "does not fit this model"),
        ({"tensor": "blk.7.attn_q.weight"}, "does not fit this model"),
        ({"architecture": "gemma"}, "does not fit this model"),
        ({"parts": ("a",)}, "does not fit this model"),
        ({"kind": "control_vector"}, "no LoRA adapter"),
        ({"strength": float("nan")}, "no usable numbers"),
        ({"strength": 1e30}, "no usable numbers"),
        ({"adapter__alora__invocation_tokens": [1, 2]}, "switched on by words"),
    ],
)
def test_one_that_is_not_in_order_is_refused_and_leaves_nothing(
    library: ModelLibrary, base: str, tmp_path: Path, made: dict[str, Any], sentence: str
) -> None:
    bad = write_adapter(tmp_path / "bad.gguf", **{"width": WIDTH, **made})
    with pytest.raises(ModelRefused, match=sentence):
        add_adapter(library, bad, "bad", base)
    assert library.adapters() == ()
    assert len(list(library.directory.glob("*.gguf"))) == 1


def test_one_that_is_cut_short_is_refused_before_it_is_tried(
    library: ModelLibrary, base: str, adapter: Path
) -> None:
    adapter.write_bytes(adapter.read_bytes()[:-64])
    with pytest.raises(ModelRefused, match="is cut short"):
        add_adapter(library, adapter, "polite-style", base)


def test_a_model_is_no_adapter_and_an_adapter_no_model(
    library: ModelLibrary, base: str, tiny: Path, adapter: Path
) -> None:
    with pytest.raises(ModelRefused, match="no LoRA adapter; add a model without --adapter-of"):
        add_adapter(library, tiny, "x", base)
    with (
        pytest.raises(ModelRefused, match="say which model it is for with --adapter-of"),
        candidate(library, adapter, "x", {}, source=""),
    ):
        pass


def test_models_and_adapters_do_not_take_each_others_names(
    library: ModelLibrary, base: str, tiny: Path, adapter: Path
) -> None:
    for name in (base, DEFAULT_MODEL):
        with pytest.raises(ModelRefused, match="There is a model"):
            add_adapter(library, adapter, name, base)
    add_adapter(library, adapter, "style", base)
    with (
        pytest.raises(ModelRefused, match="There is an adapter style already"),
        candidate(library, tiny, "style", {}, source=""),
    ):
        pass


def test_the_command_says_where_to_name_it(tmp_path: Path, tiny: Path, adapter: Path) -> None:
    data = tmp_path / "data"

    def run(*words: object) -> str:
        done = CliRunner().invoke(model, [*map(str, words), "--data", str(data)])
        assert done.exit_code == 0, done.output
        return done.output

    run("add", tiny, "--name", "tiny", "--yes")
    said = run("add", adapter, "--adapter-of", "tiny")
    assert 'lora = [{ file = "polite-style" }]' in said
    assert "Adapter here: polite-style" in run("list")
    assert "is removed" in run("remove", "polite-style")

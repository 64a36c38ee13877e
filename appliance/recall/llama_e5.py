"""llama.cpp computing with a model that makes one vector of a text."""

import ctypes
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.engine.llama_library import llama_cpp
from appliance.engine.llama_loading import load_model
from appliance.errors import ModelRefused
from appliance.recall.e5_file import E5File
from appliance.recall.e5_gguf import in_memory


class LlamaE5:
    """The model and its context. One thread at a time; a text has at most `most_tokens`."""

    def __init__(self, file: E5File, most_tokens: int) -> None:
        """Raises ModelRefused."""
        with in_memory(file) as path:
            model = load_model(path, None)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = most_tokens
        params.n_seq_max = 1
        # A second thread beside a model that writes is ruinous.
        params.n_threads = params.n_threads_batch = 1
        params.embeddings = params.no_perf = True
        # Of texts this short it is the slower way.
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self._context = llama_cpp.llama_init_from_model(model, params)
        if not self._context:
            llama_cpp.llama_model_free(model)
            raise ModelRefused("There is not enough memory for the embedding model.")
        self._batch = llama_cpp.llama_batch_init(most_tokens, file.shape.width, 1)
        self._width = file.shape.width
        self.freeing = weakref.finalize(self, _free, model, self._context, self._batch)

    def mean(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean of what the model makes of these tokens. Raises ModelRefused."""
        batch, count = self._batch, len(rows)
        batch.n_tokens = count
        ctypes.memmove(batch.embd, rows.ctypes.data, rows.nbytes)
        for at in range(count):
            batch.pos[at], batch.n_seq_id[at], batch.logits[at] = at, 1, 1
            batch.seq_id[at][0] = 0
        if llama_cpp.llama_encode(self._context, batch) != 0:
            raise ModelRefused("The embedding model could not compute; is there memory left?")
        found = llama_cpp.llama_get_embeddings_seq(self._context, 0)
        return np.ctypeslib.as_array(found, (self._width,)).copy()


def _free(model: Any, context: Any, batch: Any) -> None:
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)

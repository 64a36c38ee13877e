"""A llama_batch that is allocated once and filled through numpy."""

from collections.abc import Sequence as Tokens

import numpy as np

from appliance.engine.llama_library import llama_cpp


class LlamaBatch:
    """The tokens of one llama_decode, of at most `capacity`."""

    def __init__(self, capacity: int) -> None:
        self.raw = llama_cpp.llama_batch_init(capacity, 0, 1)
        shape = (capacity,)
        self._token = np.ctypeslib.as_array(self.raw.token, shape)
        self._pos = np.ctypeslib.as_array(self.raw.pos, shape)
        self._logits = np.ctypeslib.as_array(self.raw.logits, shape)
        np.ctypeslib.as_array(self.raw.n_seq_id, shape)[:] = 1
        self._seq_ids = [self.raw.seq_id[index] for index in range(capacity)]

    def clear(self) -> None:
        self.raw.n_tokens = 0

    def add(self, seq_id: int, start: int, tokens: Tokens[int], outputs: int) -> int:
        """Tokens of one sequence from position `start` on; the last `outputs` of them get logits.

        Returns where in the batch those begin.
        """
        at = self.raw.n_tokens
        end = at + len(tokens)
        self._token[at:end] = tokens
        self._pos[at:end] = np.arange(start, start + len(tokens))
        for each in self._seq_ids[at:end]:
            each[0] = seq_id
        self._logits[at:end] = 0
        self._logits[end - outputs : end] = 1
        self.raw.n_tokens = end
        return int(end - outputs)

    def close(self) -> None:
        llama_cpp.llama_batch_free(self.raw)

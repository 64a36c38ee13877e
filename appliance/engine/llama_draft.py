"""The draft model in llama.cpp: a small model with a KV cache of its own, beside the big one."""

from collections.abc import Mapping
from collections.abc import Sequence as Tokens
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from appliance.engine.backend import BackendFailed
from appliance.engine.draft_model import AT_ONCE_TOKENS, MOST_DRAFTING, DraftRow, Guess
from appliance.engine.draft_vocabulary import TokenTexts, mismatch
from appliance.engine.llama_batch import LlamaBatch
from appliance.engine.llama_library import llama_cpp
from appliance.engine.llama_vocabulary import token_texts
from appliance.errors import ModelRefused


@dataclass(frozen=True, slots=True)
class DraftSettings:
    """`kv_tokens` is how many tokens all its seats hold together."""

    threads: int
    kv_tokens: int
    batch_tokens: int


class LlamaDraft:
    """A GGUF model that only guesses, greedily."""

    def __init__(self, path: Path, settings: DraftSettings, main: TokenTexts) -> None:
        """`main` is the vocabulary of the model that it guesses for. Raises ModelRefused."""
        self.kv_tokens = settings.kv_tokens
        self.batch_tokens = settings.batch_tokens
        self._context: Any = None
        self._batch: LlamaBatch | None = None
        self._model = _open(path)
        try:
            self._vocab = llama_cpp.llama_model_get_vocab(self._model)
            own = token_texts(self._vocab)
            if (reason := mismatch(main, own)) is not None:
                raise ModelRefused(
                    f"its vocabulary {reason}. Choose a smaller model of the same family."
                )
            self.vocabulary_tokens = min(len(main.texts), len(own.texts))
            self.context_tokens = int(llama_cpp.llama_model_n_ctx_train(self._model))
            most_tokens = settings.batch_tokens + MOST_DRAFTING * AT_ONCE_TOKENS
            self._context = self._new_context(settings, most_tokens)
            self._memory = llama_cpp.llama_get_memory(self._context)
            self._batch = LlamaBatch(most_tokens)
            if not self._drops_its_end():
                raise ModelRefused(
                    "its memory cannot let go of a wrong guess. Choose a model of another kind."
                )
        except BaseException:
            self.close()
            raise

    def decode(self, rows: Tokens[DraftRow]) -> Mapping[int, Guess]:
        assert self._batch is not None
        self._batch.clear()
        wanted = {}
        for row in rows:
            at = self._batch.add(row.seat, row.start, row.tokens, int(row.wants_guess))
            if row.wants_guess:
                wanted[row.seat] = at
        code = llama_cpp.llama_decode(self._context, self._batch.raw)
        if code != 0:
            raise BackendFailed(f"llama_decode answered {code}")
        return {seat: self._guess(at) for seat, at in wanted.items()}

    def keep(self, seat: int, count: int) -> int:
        if llama_cpp.llama_memory_seq_rm(self._memory, seat, count, -1):
            return count
        llama_cpp.llama_memory_seq_rm(self._memory, seat, -1, -1)
        return 0

    def held_tokens(self, seat: int) -> int:
        return int(llama_cpp.llama_memory_seq_pos_max(self._memory, seat)) + 1

    def is_end(self, token: int) -> bool:
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def set_threads(self, threads: int) -> None:
        llama_cpp.llama_set_n_threads(self._context, threads, threads)

    def reset(self) -> None:
        llama_cpp.llama_memory_clear(self._memory, True)

    def close(self) -> None:
        if self._batch is not None:
            self._batch.close()
        if self._context:
            llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def _guess(self, at: int) -> Guess:
        pointer = llama_cpp.llama_get_logits_ith(self._context, at)
        # What lies beyond the shorter of the two vocabularies only fills it up.
        logits = np.ctypeslib.as_array(pointer, (self.vocabulary_tokens,))
        token = int(logits.argmax())
        return Guess(token, float(1 / np.exp(logits - logits[token]).sum()))

    def _new_context(self, settings: DraftSettings, most_tokens: int) -> Any:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = settings.kv_tokens
        params.n_seq_max = MOST_DRAFTING
        params.n_batch = most_tokens
        params.n_ubatch = settings.batch_tokens
        # One guess for each seat: room for the logits of a whole batch would cost far more.
        params.n_outputs_max = MOST_DRAFTING
        params.n_threads = params.n_threads_batch = settings.threads
        params.kv_unified = True
        params.no_perf = True
        context = llama_cpp.llama_init_from_model(self._model, params)
        if not context:
            raise ModelRefused(
                f"there is not enough memory for it and its KV cache of {settings.kv_tokens} "
                "cells. Choose a smaller one, or lower engine.kv_tokens."
            )
        return context

    def _drops_its_end(self) -> bool:
        """Whether it can compute, and then let go of its last token alone, found by trying."""
        try:
            self.decode([DraftRow(0, 0, (0, 0))])
        except BackendFailed:
            return False
        can_drop = self.keep(0, 1) == 1
        self.reset()
        return can_drop


def _open(path: Path) -> Any:
    params = llama_cpp.llama_model_default_params()
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    if not model:
        raise ModelRefused(
            "llama.cpp cannot read it: the file is damaged or of a kind that this version does "
            "not know. Check it with `appliance model verify`."
        )
    return model

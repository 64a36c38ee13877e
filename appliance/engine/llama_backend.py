"""The model in llama.cpp: load, tokenize, decode, drop.

The low-level API is used because the packaged `Llama` class serves one request at a time. All calls
come from the compute thread, but `tokenize`, which only reads the vocabulary.
"""

import ctypes
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Tokens
from pathlib import Path

from appliance.engine.backend import BackendFailed, CacheFull
from appliance.engine.batch import Batch, Row
from appliance.engine.draft_model import DraftModel
from appliance.engine.draft_vocabulary import TokenTexts
from appliance.engine.grammar.token_table import TokenTable
from appliance.engine.llama_batch import LlamaBatch
from appliance.engine.llama_library import llama_cpp
from appliance.engine.llama_loading import (
    BackendSettings,
    apply_adapters,
    load_model,
    new_context,
)
from appliance.engine.llama_vocabulary import LlamaVocabulary, token_texts
from appliance.engine.sampler import Sampler
from appliance.engine.sequence import Sequence
from appliance.engine.slots import Slot

_CONTEXT_TOKENS = 8192


class LlamaBackend:
    """A GGUF model in this process."""

    def __init__(
        self,
        path: Path,
        settings: BackendSettings,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        """`on_progress` is told how much has been read, from 0 to 1. Raises ModelRefused."""
        self._model = load_model(path, on_progress)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._words = LlamaVocabulary(self._vocab)
        trained = llama_cpp.llama_model_n_ctx_train(self._model)
        template = llama_cpp.llama_model_chat_template(self._model, None)
        context_tokens = min(settings.context_tokens or _CONTEXT_TOKENS, trained)
        self.vocabulary = self._words.described(context_tokens, template)
        self._context = new_context(self._model, path, settings)
        apply_adapters(self._model, self._context, settings.adapters)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._keeps_beginnings = not (
            llama_cpp.llama_model_n_swa(self._model)
            or llama_cpp.llama_model_is_recurrent(self._model)
            or llama_cpp.llama_model_is_hybrid(self._model)
        )
        self._samplers: dict[Sequence, Sampler] = {}
        self._token_table = TokenTable(self._words.size, self.token_bytes, self.is_end)
        self._batch = LlamaBatch(settings.most_tokens)
        self.can_drop = self._drops_its_end()
        self.draft_model: DraftModel | None = None
        parts = [settings.model_sha256, llama_cpp.__version__, settings.kv_type]
        parts += [f"{sha256}*{scale}" for _, sha256, scale in settings.adapters]
        self.fingerprint = " ".join(parts)

    def tokenize(self, text: str) -> list[int]:
        return self._words.tokenize(text)

    def token_bytes(self, token: int) -> bytes:
        return self._words.token_bytes(token)

    def is_end(self, token: int) -> bool:
        return self._words.is_end(token)

    def token_texts(self) -> TokenTexts:
        """All of the vocabulary, to be compared with a draft model's."""
        return token_texts(self._vocab)

    def begin(self, sequence: Sequence) -> None:
        # A sequence that was sent back and comes again goes on with its sampler as it was.
        if sequence not in self._samplers:
            self._samplers[sequence] = Sampler(sequence, self._token_table)

    def end(self, sequence: Sequence) -> None:
        sampler = self._samplers.pop(sequence, None)
        if sampler is not None:
            sampler.close()

    def keep(self, slot: Slot, count: int) -> int:
        # Recurrent and sliding-window memories refuse to drop a part: then the whole seat goes.
        if llama_cpp.llama_memory_seq_rm(self._memory, slot.index, count, -1):
            return count
        llama_cpp.llama_memory_seq_rm(self._memory, slot.index, -1, -1)
        return 0

    def share(self, source: Slot, target: Slot, count: int) -> int:
        llama_cpp.llama_memory_seq_rm(self._memory, target.index, -1, -1)
        if count == 0:
            return 0
        llama_cpp.llama_memory_seq_cp(self._memory, source.index, target.index, 0, count)
        # seq_cp reports nothing; a memory that cannot copy a part holds something else now.
        if llama_cpp.llama_memory_seq_pos_max(self._memory, target.index) == count - 1:
            return count
        llama_cpp.llama_memory_seq_rm(self._memory, target.index, -1, -1)
        return 0

    def join(self, source: Slot, target: Slot, count: int) -> bool:
        if not llama_cpp.llama_memory_seq_rm(self._memory, target.index, 0, count):
            return False
        llama_cpp.llama_memory_seq_cp(self._memory, source.index, target.index, 0, count)
        return True

    def state(self, slot: Slot) -> bytearray:
        state = bytearray(llama_cpp.llama_state_seq_get_size(self._context, slot.index))
        buffer = (ctypes.c_uint8 * len(state)).from_buffer(state)
        written = llama_cpp.llama_state_seq_get_data(self._context, buffer, len(state), slot.index)
        return state if written == len(state) else bytearray()

    def restore(self, slot: Slot, state: bytes, count: int) -> int:
        llama_cpp.llama_memory_seq_rm(self._memory, slot.index, -1, -1)
        buffer = ctypes.cast(ctypes.c_char_p(bytes(state)), ctypes.POINTER(ctypes.c_uint8))
        read = llama_cpp.llama_state_seq_set_data(self._context, buffer, len(state), slot.index)
        held = llama_cpp.llama_memory_seq_pos_max(self._memory, slot.index) + 1
        if read == len(state) and held >= count:
            return self.keep(slot, count)
        llama_cpp.llama_memory_seq_rm(self._memory, slot.index, -1, -1)
        return 0

    def held_tokens(self, slot: Slot) -> int:
        # Recurrent and sliding-window memories let go of the beginning by themselves.
        first = llama_cpp.llama_memory_seq_pos_min(self._memory, slot.index)
        if first > 0 and self._keeps_beginnings:
            return -int(first)
        return int(llama_cpp.llama_memory_seq_pos_max(self._memory, slot.index)) + 1

    def decode(self, batch: Batch) -> Mapping[Sequence, Tokens[int]]:
        outputs = self._fill(batch)
        code = llama_cpp.llama_decode(self._context, self._batch.raw)
        if code == 1:
            raise CacheFull(f"no KV cells for {batch.token_count} tokens")
        if code != 0:
            raise BackendFailed(f"llama_decode answered {code}")
        return {row.sequence: self._sample(row, index) for row, index in outputs}

    def _sample(self, row: Row, index: int) -> list[int]:
        """Draw from the logits at `index` and, as long as the draft says the same, those after."""
        sampler = self._samplers[row.sequence]
        tokens: list[int] = []
        for offset, guess in enumerate((*row.draft, None)):
            token = sampler.sample(self._context, index + offset)
            tokens.append(token)
            if token != guess:
                break
        wrong = len(row.draft) + 1 - len(tokens)
        if wrong:
            end = row.start + row.size - wrong
            llama_cpp.llama_memory_seq_rm(self._memory, row.slot.index, end, -1)
        return tokens

    def set_threads(self, threads: int) -> None:
        llama_cpp.llama_set_n_threads(self._context, threads, threads)
        if self.draft_model is not None:
            self.draft_model.set_threads(threads)

    def reset(self) -> None:
        llama_cpp.llama_memory_clear(self._memory, True)

    def close(self) -> None:
        for sampler in self._samplers.values():
            sampler.close()
        self._samplers.clear()
        if self.draft_model is not None:
            self.draft_model.close()
        self._batch.close()
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def _fill(self, batch: Batch) -> list[tuple[Row, int]]:
        """Write the rows into the llama_batch; returns where the logits of each sampled row
        begin.
        """
        outputs = []
        self._batch.clear()
        for row in batch.rows:
            wanted = 1 + len(row.draft) if row.wants_logits else 0
            first = self._batch.add(row.slot.index, row.start, row.tokens, wanted)
            if wanted:
                outputs.append((row, first))
        return outputs

    def _drops_its_end(self) -> bool:
        """Whether this model's memory can let go of its last token alone, found by trying."""
        self._batch.clear()
        self._batch.add(0, 0, (0, 0), 1)
        can_drop = llama_cpp.llama_decode(self._context, self._batch.raw) == 0 and bool(
            llama_cpp.llama_memory_seq_rm(self._memory, 0, 1, -1)
        )
        self.reset()
        return can_drop

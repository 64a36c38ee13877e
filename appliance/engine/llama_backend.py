"""The model in llama.cpp: load, tokenize, decode, drop.

The low-level API is used because the packaged `Llama` class serves one request at a time. All calls
come from the compute thread, but `tokenize`, which only reads the vocabulary.
"""

import ctypes
import logging
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Tokens
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from appliance.engine.backend import BackendFailed, CacheFull, Vocabulary
from appliance.engine.batch import Batch, Row
from appliance.engine.draft_model import DraftModel
from appliance.engine.draft_vocabulary import TokenTexts
from appliance.engine.grammar.token_table import TokenTable
from appliance.engine.llama_batch import LlamaBatch
from appliance.engine.llama_library import llama_cpp
from appliance.engine.llama_vocabulary import token_texts
from appliance.engine.prompt_lookup import LONGEST_DRAFT_TOKENS
from appliance.engine.sampler import Sampler
from appliance.engine.sequence import Sequence
from appliance.engine.slots import Slot
from appliance.errors import ModelRefused

log = logging.getLogger(__name__)

_GGML_WARN, _GGML_ERROR = 3, 4
_SPECIAL = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _forward_log(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    line = text.decode("utf-8", "replace").strip()
    # The KV cache is larger than one context because many share it; each is bounded by itself.
    if level in (_GGML_WARN, _GGML_ERROR) and "possible training context overflow" not in line:
        log.log(logging.WARNING if level == _GGML_WARN else logging.ERROR, "llama.cpp: %s", line)


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """llama.cpp's own numbers. `kv_tokens` is its n_ctx: the cells that all seats share."""

    threads: int
    seats: int
    kv_tokens: int
    batch_tokens: int
    context_tokens: int | None = None
    model_sha256: str = ""
    adapters: tuple[tuple[Path, str, float], ...] = ()
    """LoRA adapters: (file, sha256, scale)."""
    kv_type: Literal["f16", "q8_0"] = "f16"

    @property
    def most_tokens(self) -> int:
        """Beside `batch_tokens` of prompts, a step has everybody's next token and the drafts."""
        return self.batch_tokens + self.seats + LONGEST_DRAFT_TOKENS


class LlamaBackend:
    """A GGUF model in this process."""

    def __init__(
        self,
        path: Path,
        settings: BackendSettings,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        """`on_progress` is told how much has been read, from 0 to 1. Raises ModelRefused."""
        llama_cpp.llama_log_set(_forward_log, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self._model = self._load(path, on_progress)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._vocabulary_tokens = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self.vocabulary = self._read_vocabulary(settings.context_tokens)
        self._context = self._new_context(path, settings)
        self._apply_adapters(settings.adapters)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._keeps_beginnings = not (
            llama_cpp.llama_model_n_swa(self._model)
            or llama_cpp.llama_model_is_recurrent(self._model)
            or llama_cpp.llama_model_is_hybrid(self._model)
        )
        self._samplers: dict[Sequence, Sampler] = {}
        self._pieces: dict[int, bytes] = {}
        self._token_table = TokenTable(self._vocabulary_tokens, self.token_bytes, self.is_end)
        self._batch = LlamaBatch(settings.most_tokens)
        self.can_drop = self._drops_its_end()
        self.draft_model: DraftModel | None = None
        parts = [settings.model_sha256, llama_cpp.__version__, settings.kv_type]
        parts += [f"{sha256}*{scale}" for _, sha256, scale in settings.adapters]
        self.fingerprint = " ".join(parts)

    def tokenize(self, text: str) -> list[int]:
        raw = text.encode("utf-8")
        size = len(raw) + 8
        while True:
            tokens = (llama_cpp.llama_token * size)()
            count = llama_cpp.llama_tokenize(self._vocab, raw, len(raw), tokens, size, False, False)
            if count >= 0:
                return list(tokens[:count])
            size = -count

    def token_bytes(self, token: int) -> bytes:
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self._read_piece(token, special=False)
        return piece

    def is_end(self, token: int) -> bool:
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

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

    def _load(self, path: Path, on_progress: Callable[[float], None] | None) -> Any:
        params = llama_cpp.llama_model_default_params()

        @llama_cpp.llama_progress_callback  # type: ignore[untyped-decorator]
        def report(share: float, _: ctypes.c_void_p) -> bool:
            if on_progress is not None:
                on_progress(share)
            return True  # false would give up loading

        params.progress_callback = report
        model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
        if not model:
            raise ModelRefused(
                f"llama.cpp cannot read {path.name}: the file is damaged or of a kind that this "
                "version does not know. Check it with `appliance model verify`."
            )
        return model

    def _new_context(self, path: Path, settings: BackendSettings) -> Any:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = settings.kv_tokens
        params.n_seq_max = settings.seats
        params.n_batch = settings.most_tokens
        params.n_ubatch = settings.batch_tokens
        params.n_threads = params.n_threads_batch = settings.threads
        params.kv_unified = True
        params.no_perf = True
        if settings.kv_type == "q8_0":
            params.type_k = params.type_v = llama_cpp.GGML_TYPE_Q8_0
            # Only flash attention reads quantised values; by default it is used where it can be.
            params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        context = llama_cpp.llama_init_from_model(self._model, params)
        if not context:
            raise ModelRefused(_no_context(path, settings))
        return context

    def _apply_adapters(self, adapters: tuple[tuple[Path, str, float], ...]) -> None:
        """They are freed with the model."""
        loaded = []
        for path, _, _ in adapters:
            adapter = llama_cpp.llama_adapter_lora_init(self._model, str(path).encode())
            if not adapter:
                raise ModelRefused(
                    f"The adapter {path.name} does not fit this model. Take it out of `lora` in "
                    "models.toml, or add it again."
                )
            loaded.append(adapter)
        if loaded:
            count = len(loaded)
            pointers = (llama_cpp.llama_adapter_lora_p_ctypes * count)(*loaded)
            scales = (ctypes.c_float * count)(*(scale for *_, scale in adapters))
            llama_cpp.llama_set_adapters_lora(self._context, pointers, count, scales)

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

    def _read_piece(self, token: int, *, special: bool) -> bytes:
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            count = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, size, 0, special)
            if count >= 0:
                return buffer.raw[:count]
            size = -count

    def _read_vocabulary(self, context_tokens: int | None) -> Vocabulary:
        bos = llama_cpp.llama_vocab_bos(self._vocab)
        eos = llama_cpp.llama_vocab_eos(self._vocab)
        template = llama_cpp.llama_model_chat_template(self._model, None)
        trained = llama_cpp.llama_model_n_ctx_train(self._model)
        return Vocabulary(
            context_tokens=min(context_tokens or 8192, trained),
            chat_template=template.decode("utf-8", "replace") if template else "",
            special_tokens=self._special_tokens(),
            bos_text=self._text_of(bos),
            eos_text=self._text_of(eos),
            adds_bos=bool(llama_cpp.llama_vocab_get_add_bos(self._vocab)),
        )

    def _special_tokens(self) -> dict[str, int]:
        return {
            self._text_of(token): token
            for token in range(self._vocabulary_tokens)
            if llama_cpp.llama_vocab_get_attr(self._vocab, token) & _SPECIAL
        }

    def _text_of(self, token: int) -> str:
        if token < 0:
            return ""
        return self._read_piece(token, special=True).decode("utf-8", "replace")


def _no_context(path: Path, settings: BackendSettings) -> str:
    if settings.kv_type != "f16":
        # Models whose heads are of an odd size, or that flash attention cannot serve.
        return (
            f"{path.name} cannot be used with a {settings.kv_type} KV cache of "
            f"{settings.kv_tokens} cells: the model does not allow it, or there is not enough "
            "memory. Lower engine.kv_tokens, or set engine.kv_type to f16."
        )
    return (
        f"There is not enough memory for {path.name} with {settings.kv_tokens} cells of KV cache. "
        "Lower engine.kv_tokens or choose a smaller model."
    )

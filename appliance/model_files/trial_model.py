"""llama.cpp and the gguf package over a file that nobody has opened before. Child process only."""

import ctypes
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp
from gguf import GGUFReader, LlamaFileType

from appliance.engine.chat_template import ChatTemplate
from appliance.errors import ModelRefused
from appliance.llama_parts import load_parts
from appliance.sentences import say

load_parts(Path(llama_cpp.__file__).parent)
_CONTROL = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN
_CONTEXT_TOKENS = 64
_WANTED = ("general.architecture", "general.name", "general.license", "general.type")


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _silent(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    """Nobody reads what llama.cpp prints here."""


def read_metadata(path: Path) -> dict[str, Any]:
    """What the file says of itself, by the gguf package's reader. Raises ModelRefused."""
    try:
        fields = GGUFReader(path).fields
        metadata = {key: fields[key].contents() for key in _WANTED if key in fields}
        if metadata.pop("general.type", "model") == "adapter":
            raise ModelRefused(
                say(
                    "It is an adapter and no model; say which model it is for with --adapter-of "
                    "NAME."
                )
            )
        architecture = metadata["general.architecture"]
        metadata["context_tokens"] = int(fields[f"{architecture}.context_length"].contents())
        file_type = fields.get("general.file_type")
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise ModelRefused(
            say("The file's description is damaged or incomplete; get another.")
        ) from error
    number = file_type.contents() if file_type else None
    known = {kind.value: kind.name for kind in LlamaFileType}
    metadata["quantisation"] = (
        known.get(number, "unknown").removeprefix("MOSTLY_").removeprefix("ALL_")
    )
    return metadata


def read_adapter_metadata(path: Path) -> dict[str, Any]:
    """The same of a LoRA adapter. Raises ModelRefused."""
    try:
        fields = GGUFReader(path).fields
        wanted = (*_WANTED, "adapter.type")
        metadata = {key: fields[key].contents() for key in wanted if key in fields}
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise ModelRefused(
            say("The file's description is damaged or incomplete; get another.")
        ) from error
    if (metadata.get("general.type"), metadata.get("adapter.type")) != ("adapter", "lora"):
        raise ModelRefused("It is no LoRA adapter; add a model without --adapter-of.")
    if any(key.startswith("adapter.alora.") for key in fields):
        raise ModelRefused("It is an adapter that is switched on by words, which is not supported.")
    return metadata


class TrialModel:
    """A loaded model, never freed: the process ends instead. Raises ModelRefused."""

    def __init__(self, path: Path, *, vocabulary_only: bool) -> None:
        llama_cpp.llama_log_set(_silent, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        params = llama_cpp.llama_model_default_params()
        params.vocab_only = vocabulary_only
        params.n_gpu_layers = 0
        # No second copy of the weights in a faster layout: memory is limited here.
        params.use_extra_bufts = False
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
        if not self._model:
            raise ModelRefused(
                say(
                    "llama.cpp cannot load the file: it is damaged, or of a kind that this version "
                    "does not know; get another."
                )
            )
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)

    def chat_template(self) -> str:
        raw = llama_cpp.llama_model_chat_template(self._model, None)
        return raw.decode("utf-8", "replace") if raw else ""

    def render(
        self, template: str, messages: Sequence[tuple[str, str]]
    ) -> tuple[list[int], str, tuple[str, ...]]:
        """Tokens of a conversation, its text, and what ends a reply."""
        bos = self._text(llama_cpp.llama_vocab_bos(self._vocab))
        eos = self._text(llama_cpp.llama_vocab_eos(self._vocab))
        chat = ChatTemplate(template, self._special_tokens(), bos, eos)
        tokens = chat.tokens(messages, self._tokenize)
        if not tokens:
            raise ModelRefused(
                say("The chat template of this model writes nothing; get another file.")
            )
        text = b"".join(map(self._bytes, tokens)).decode("utf-8", "replace")
        return tokens, text, chat.end_texts

    def first_token(self) -> int:
        """Any token that a text may begin with."""
        return max(0, int(llama_cpp.llama_vocab_bos(self._vocab)))

    def decode_one(self, token: int, adapter: Path | None = None) -> None:
        """One step of the whole model, to see that it has all its parts and gives numbers; with an
        adapter, if there is one.
        """
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = _CONTEXT_TOKENS
        params.n_threads = params.n_threads_batch = 1
        context = llama_cpp.llama_init_from_model(self._model, params)
        if context and adapter is not None:
            self._apply(adapter, context)
        batch = llama_cpp.llama_batch_get_one((llama_cpp.llama_token * 1)(token), 1)
        if not context or llama_cpp.llama_decode(context, batch) != 0:
            raise ModelRefused(say("The model loads but cannot compute; get another file."))
        logits = llama_cpp.llama_get_logits(context)
        size = llama_cpp.llama_vocab_n_tokens(self._vocab)
        if not all(math.isfinite(logits[index]) for index in range(size)):
            raise ModelRefused(say("The model computes no usable numbers; get another file."))

    def _apply(self, adapter: Path, context: Any) -> None:
        loaded = llama_cpp.llama_adapter_lora_init(self._model, str(adapter).encode())
        if not loaded:
            raise ModelRefused(
                "The adapter is damaged or does not fit this model; name the one it was made for."
            )
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(loaded)
        llama_cpp.llama_set_adapters_lora(context, adapters, 1, (ctypes.c_float * 1)(1.0))

    def _special_tokens(self) -> dict[str, int]:
        count = llama_cpp.llama_vocab_n_tokens(self._vocab)
        return {
            self._text(token): token
            for token in range(count)
            if llama_cpp.llama_vocab_get_attr(self._vocab, token) & _CONTROL
        }

    def _text(self, token: int) -> str:
        return self._bytes(token).decode("utf-8", "replace")

    def _bytes(self, token: int) -> bytes:
        if token < 0:
            return b""
        size = 64
        while True:
            piece = ctypes.create_string_buffer(size)
            count = llama_cpp.llama_token_to_piece(self._vocab, token, piece, size, 0, True)
            if count >= 0:
                return piece.raw[:count]
            size = -count

    def _tokenize(self, text: str) -> list[int]:
        raw = text.encode("utf-8", "replace")
        size = len(raw) + 8
        tokens = (llama_cpp.llama_token * size)()
        count = llama_cpp.llama_tokenize(self._vocab, raw, len(raw), tokens, size, False, False)
        if count < 0:
            raise ModelRefused(
                say("The model's vocabulary cannot read plain text; get another file.")
            )
        return list(tokens[:count])

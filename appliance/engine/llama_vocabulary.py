"""The vocabulary of a loaded model: text to tokens, tokens to bytes, and what it says of itself."""

import ctypes
from typing import Any

from appliance.engine.backend import Vocabulary
from appliance.engine.draft_vocabulary import TokenTexts
from appliance.engine.llama_library import llama_cpp

_SPECIAL = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN


class LlamaVocabulary:
    """Reads a llama_vocab, from any thread."""

    def __init__(self, vocab: Any) -> None:
        self._vocab = vocab
        self.size: int = llama_cpp.llama_vocab_n_tokens(vocab)
        self._pieces: dict[int, bytes] = {}

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

    def described(self, context_tokens: int, chat_template: bytes | None) -> Vocabulary:
        """What the rest of the engine has to know of it."""
        return Vocabulary(
            context_tokens=context_tokens,
            chat_template=chat_template.decode("utf-8", "replace") if chat_template else "",
            special_tokens=self._special_tokens(),
            bos_text=self._text_of(llama_cpp.llama_vocab_bos(self._vocab)),
            eos_text=self._text_of(llama_cpp.llama_vocab_eos(self._vocab)),
            adds_bos=bool(llama_cpp.llama_vocab_get_add_bos(self._vocab)),
        )

    def _special_tokens(self) -> dict[str, int]:
        return {
            self._text_of(token): token
            for token in range(self.size)
            if llama_cpp.llama_vocab_get_attr(self._vocab, token) & _SPECIAL
        }

    def _text_of(self, token: int) -> str:
        if token < 0:
            return ""
        return self._read_piece(token, special=True).decode("utf-8", "replace")

    def _read_piece(self, token: int, *, special: bool) -> bytes:
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            count = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, size, 0, special)
            if count >= 0:
                return buffer.raw[:count]
            size = -count


def token_texts(vocab: Any) -> TokenTexts:
    """Read a llama_vocab; it takes some tenths of a second for a large one."""
    adds_first = llama_cpp.llama_vocab_get_add_bos(vocab)
    adds_last = llama_cpp.llama_vocab_get_add_eos(vocab)
    return TokenTexts(
        kind=llama_cpp.llama_vocab_type(vocab),
        first=llama_cpp.llama_vocab_bos(vocab) if adds_first else None,
        last=llama_cpp.llama_vocab_eos(vocab) if adds_last else None,
        texts=tuple(
            llama_cpp.llama_vocab_get_text(vocab, token)
            for token in range(llama_cpp.llama_vocab_n_tokens(vocab))
        ),
    )

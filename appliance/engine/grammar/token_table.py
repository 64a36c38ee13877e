"""The texts of a vocabulary, arranged to find quickly what may come next."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


class TokenTable:
    """Of one model; `tokens` is the size of its vocabulary.

    Read from the model with the first grammar, because that takes a tenth of a second or more.
    """

    def __init__(
        self, tokens: int, token_bytes: Callable[[int], bytes], is_end: Callable[[int], bool]
    ) -> None:
        self._tokens = tokens
        self._token_bytes = token_bytes
        self.is_end = is_end

    def __len__(self) -> int:
        return self._tokens

    @cached_property
    def texts(self) -> list[bytes]:
        return [self._token_bytes(token) for token in range(self._tokens)]

    @cached_property
    def ends(self) -> Ids:
        """The tokens that end a reply; in a vocabulary without any, those without a text."""
        ends = [token for token in range(self._tokens) if self.is_end(token)]
        silent = [token for token, text in enumerate(self.texts) if not text]
        return np.array(ends or silent, dtype=np.int64)

    def beginning_with(self, mask: int) -> Ids:
        """The tokens whose first byte is in `mask`."""
        return self._plain[self._fits(mask)]

    def single_bytes(self, mask: int) -> Ids:
        """The tokens that are one byte of `mask`."""
        tokens = self._plain[self._fits(mask)]
        return np.array([t for t in tokens.tolist() if len(self.texts[t]) == 1], dtype=np.int64)

    @cached_property
    def _plain(self) -> Ids:
        ends = frozenset(self.ends.tolist())
        plain = [t for t, text in enumerate(self.texts) if text and t not in ends]
        return np.array(plain, dtype=np.int64)

    @cached_property
    def _first(self) -> NDArray[np.uint8]:
        return np.array([self.texts[t][0] for t in self._plain.tolist()], dtype=np.uint8)

    def _fits(self, mask: int) -> NDArray[np.bool_]:
        bits = np.frombuffer(mask.to_bytes(32, "little"), dtype=np.uint8)
        return np.unpackbits(bits, bitorder="little").astype(np.bool_)[self._first]

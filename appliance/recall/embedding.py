"""Which model makes vectors of texts, and what it is from outside.

A model is chosen by the setting `recall.model`, and loaded by `recall.loading`.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from appliance.recall.chunker import is_dense

MULTILINGUAL = "multilingual"
ENGLISH = "english"

PIECE_CHARS = 240
DENSE_PIECE_CHARS = 100
"""A longer text is embedded in pieces, so that no piece of work is a long one: some 60 tokens. The
second is for texts in a script that says more with each character."""
MOST_PIECES = 8


class Embedder(Protocol):
    """A loaded model. Its calls compute for milliseconds: not on the event loop."""

    def query(self, text: str) -> Sequence[float]:
        """What somebody looks for."""
        ...

    def passage(self, text: str) -> Sequence[float]:
        """What may be found."""
        ...


class EmbeddingModel(msgspec.Struct, frozen=True):
    """All by which vectors of one model differ from another's. Its JSON is the name of a space."""

    model: str
    dimension: int
    query_prefix: str = ""
    passage_prefix: str = ""

    @property
    def name(self) -> str:
        return msgspec.json.encode(self).decode()

    @property
    def floor(self) -> float:
        """What a text must reach that has to do with a question: its cosine, and how much that is
        more than usual. A model from somewhere else is taken for one like most.
        """
        return FLOORS.get(self.model, 0.5)


FLOORS = {MULTILINGUAL: 0.865, ENGLISH: 0.45}
"""Measured: of questions about something that was said nine in ten lie above, of others few."""


def named(name: str) -> EmbeddingModel | None:
    """The model whose space has that name; None for what an unknown version wrote."""
    try:
        return msgspec.json.decode(name, type=EmbeddingModel)
    except msgspec.DecodeError:
        return None


def pieces_of(text: str) -> list[str]:
    """A text as what is embedded at once, cut at blanks; the end of a very long one is left out."""
    pieces: list[str] = []
    rest = text.strip()
    most = DENSE_PIECE_CHARS if is_dense(rest) else PIECE_CHARS
    while rest and len(pieces) < MOST_PIECES:
        cut = len(rest) if len(rest) <= most else rest.rfind(" ", most // 2, most)
        cut = cut if cut > 0 else most
        pieces.append(rest[:cut])
        rest = rest[cut:].lstrip()
    return pieces

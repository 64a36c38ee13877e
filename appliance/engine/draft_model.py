"""What the engine asks of a draft model: a small model that guesses what the big one will say."""

from collections.abc import Mapping
from collections.abc import Sequence as Tokens
from dataclasses import dataclass
from typing import Protocol

# Beside more replies than this a draft costs everybody more than it can win for one.
MOST_DRAFTING = 4
# What each of them may bring in one call besides what is read in pieces.
AT_ONCE_TOKENS = 32


@dataclass(frozen=True, slots=True)
class DraftRow:
    """Tokens that go into a seat of the draft model, from position `start` on."""

    seat: int
    start: int
    tokens: Tokens[int]
    wants_guess: bool = True


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest next token, and how sure of it the draft model is, from 0 to 1."""

    token: int
    probability: float


class DraftModel(Protocol):
    """A loaded model with MOST_DRAFTING numbered seats of its own. Used by the compute thread."""

    kv_tokens: int
    """How many tokens all seats hold together."""
    context_tokens: int
    """Longest sequence that it was trained for."""
    batch_tokens: int
    """Most tokens that are read in one piece, beside AT_ONCE_TOKENS for each seat."""
    vocabulary_tokens: int
    """Ids from here on mean nothing to it."""

    def decode(self, rows: Tokens[DraftRow]) -> Mapping[int, Guess]:
        """Take in all rows together; by seat what follows those that want a guess.

        Raises BackendFailed.
        """

    def keep(self, seat: int, count: int) -> int:
        """Drop all but the first `count` tokens of a seat; returns how many are really left:
        `count` or 0.
        """

    def held_tokens(self, seat: int) -> int:
        """How many tokens a seat holds, by the model's own account."""

    def is_end(self, token: int) -> bool:
        """Whether this token ends a reply."""

    def set_threads(self, threads: int) -> None:
        """How many threads compute from now on."""

    def reset(self) -> None:
        """Empty all seats."""

    def close(self) -> None: ...

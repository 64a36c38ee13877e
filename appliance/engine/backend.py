"""What the engine asks of a model: the border between our scheduling and somebody else's
arithmetic.
"""

from collections.abc import Mapping
from collections.abc import Sequence as Tokens
from dataclasses import dataclass, field
from typing import Protocol

from appliance.engine.batch import Batch
from appliance.engine.draft_model import DraftModel
from appliance.engine.sequence import Sequence
from appliance.engine.slots import Slot


class CacheFull(Exception):
    """No KV cells for this batch; nothing of it was computed."""


class BackendFailed(Exception):
    """The model could not compute; what the KV cache holds is unknown."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What chat templates need to know of a model's tokens.

    `special_tokens` maps text to token id.
    """

    context_tokens: int
    chat_template: str
    special_tokens: Mapping[str, int] = field(default_factory=dict)
    bos_text: str = ""
    eos_text: str = ""
    adds_bos: bool = False


class Backend(Protocol):
    """One loaded model with a KV cache of numbered seats.

    Used by the compute thread alone, but for `tokenize`.
    """

    vocabulary: Vocabulary
    fingerprint: str
    """Names the model and all that the form of a seat's state depends on."""
    can_drop: bool
    """Whether a seat can let go of its last tokens alone."""
    draft_model: DraftModel | None
    """A small model beside it that guesses ahead; it runs on as many threads and is closed with it.
    """

    def tokenize(self, text: str) -> list[int]:
        """Token ids of plain text; a special token spelled out in it stays text. Any thread."""

    def token_bytes(self, token: int) -> bytes: ...

    def is_end(self, token: int) -> bool:
        """Whether this token ends a reply."""

    def begin(self, sequence: Sequence) -> None:
        """Make what sampling needs for a sequence; harmless when it is there."""

    def end(self, sequence: Sequence) -> None:
        """Free what `begin` made; harmless when it is gone."""

    def keep(self, slot: Slot, count: int) -> int:
        """Drop all but the first `count` tokens of a seat; returns how many are really left:
        `count` or 0.
        """

    def share(self, source: Slot, target: Slot, count: int) -> int:
        """Give the first `count` tokens of a seat to another one, which forgets its own; returns
        `count`, or 0 when this model's memory cannot.
        """

    def join(self, source: Slot, target: Slot, count: int) -> bool:
        """Both seats hold the same first `count` tokens; from now on in the same cells."""

    def held_tokens(self, slot: Slot) -> int:
        """How many tokens a seat holds, by the model's own account; negative: so many are missing
        at its beginning.
        """

    def state(self, slot: Slot) -> bytearray:
        """All that a seat holds, to be restored later; empty when this model cannot."""

    def restore(self, slot: Slot, state: bytes, count: int) -> int:
        """Put the first `count` tokens of what `state` once returned into a seat; returns `count`,
        or 0 when it cannot be used.
        """

    def decode(self, batch: Batch) -> Mapping[Sequence, Tokens[int]]:
        """Run one step; the sampled tokens of each row that wants some.

        The first is always there, and after it one for every token of the draft that was right;
        the rest of the draft is not in the seat any more. Raises CacheFull, BackendFailed.
        """

    def set_threads(self, threads: int) -> None:
        """How many threads compute from now on."""

    def reset(self) -> None:
        """Empty the whole KV cache."""

    def close(self) -> None: ...

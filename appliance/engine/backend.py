"""What the engine asks of a model: the border between our scheduling and somebody else's
arithmetic.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from appliance.engine.batch import Batch
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
    threads: int
    """How many threads compute."""

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

    def held_tokens(self, slot: Slot) -> int:
        """How many tokens a seat holds, by the model's own account; negative: so many are missing
        at its beginning.
        """

    def decode(self, batch: Batch) -> Mapping[Sequence, int]:
        """Run one step; a sampled token for each row that wants one.

        Raises CacheFull, BackendFailed.
        """

    def reset(self) -> None:
        """Empty the whole KV cache."""

    def close(self) -> None: ...

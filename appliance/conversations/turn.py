"""A turn, one model call, and how it stands: plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class TurnStatus(StrEnum):
    """Where a turn is in its life; the last three are final."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (TurnStatus.FINISHED, TurnStatus.CANCELLED, TurnStatus.FAILED)


@dataclass(frozen=True, slots=True)
class TurnCounts:
    """What a turn cost.

    Tokens are counts, times are milliseconds since the accepted POST or of the phase named.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    queue_ms: int = 0
    ttft_ms: int | None = None
    decode_ms: int = 0
    prefill_ms: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0

    @property
    def tokens_per_second(self) -> float | None:
        """Decode speed; None until there are two tokens to measure between."""
        if self.completion_tokens < 2 or self.decode_ms <= 0:
            return None
        return (self.completion_tokens - 1) * 1000 / self.decode_ms


@dataclass(frozen=True, slots=True)
class Turn:
    """One model call: what went in, what came out, how it ended."""

    turn_id: str
    conversation_id: str
    input_message_id: str
    reply_message_id: str | None
    status: TurnStatus
    created_at: int
    checkpoint: str = ""
    finish_reason: str | None = None
    error: str | None = None
    seed: int = 0
    sampling: Mapping[str, object] = field(default_factory=dict)
    model_sha256: str = ""
    prompt_record: Mapping[str, object] = field(default_factory=dict)
    counts: TurnCounts = field(default_factory=TurnCounts)
    attempts: int = 0
    """How often it was begun since it last got on: more than once only when the box broke down."""

    @property
    def is_cut(self) -> bool:
        """Whether it is over and its reply may go on: it did not come to its end by itself."""
        was_ended = self.status in (TurnStatus.CANCELLED, TurnStatus.FAILED)
        return was_ended or self.finish_reason == "length"


class TurnPhase(StrEnum):
    """What the box is doing for a turn that is not over, in the words the page uses."""

    LOADING = "loading"
    WAITING = "waiting"
    READING = "reading"
    WRITING = "writing"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class TurnSnapshot:
    """A turn at one instant, complete in itself: a reader needs no earlier one."""

    turn: Turn
    phase: TurnPhase
    text: str
    place: int | None = None
    """Place in the queue while waiting; 1 is next."""
    prefilled_tokens: int = 0
    prompt_tokens: int = 0
    wait_seconds: float | None = None
    """About how long until the first word; None when nothing is known."""
    unsure_from: int | None = None
    """From which character on an earlier reader may have read something else, because the box broke
    down after it; None when that never happened.
    """

    @property
    def reading_percent(self) -> int:
        return 100 * self.prefilled_tokens // max(1, self.prompt_tokens)

"""What the engine tells of a sequence, step by step."""

from dataclasses import dataclass

from appliance.engine.sequence import FinishReason


@dataclass(frozen=True, slots=True)
class Progress:
    """Not writing yet: `place` in the queue while waiting (1 is next), then tokens read.

    `wait_seconds` is about how long until the first word; None when nothing is known yet.
    """

    sequence_id: str
    place: int | None
    prefilled_tokens: int
    prompt_tokens: int
    wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """New text of a reply."""

    sequence_id: str
    text: str


@dataclass(frozen=True, slots=True)
class SequenceCounts:
    """What a sequence cost.

    `ttft_ms` counts from submission, queue included; None when no token came. `prefill_ms` is from
    the seat to the first token. Of `drafted_tokens` that prompt lookup proposed, `accepted_tokens`
    were what the model itself would have written.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    queue_ms: int
    ttft_ms: int | None
    decode_ms: int
    prefill_ms: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of a sequence.

    `error` is a sentence for the reader when the reason is ERROR.
    """

    sequence_id: str
    finish_reason: FinishReason
    counts: SequenceCounts
    error: str | None = None


Event = Progress | Delta | Ended

"""The outgoing side of a sequence: its text, and the clock readings its counts are made of."""

from collections.abc import Iterable
from time import monotonic

from appliance.engine.detokenizer import Detokenizer
from appliance.engine.events import Delta, Ended, Event, SequenceCounts
from appliance.engine.sequence import FinishReason, Sequence


class Output:
    """Turns sampled tokens of one sequence into events. Times are `time.monotonic` seconds."""

    def __init__(self, sequence: Sequence, submitted_at: float) -> None:
        self._sequence = sequence
        self._detokenizer = Detokenizer(sequence.sampling.stop)
        self._submitted_at = submitted_at
        self._admitted_at: float | None = None
        self._first_at: float | None = None
        self._last_at: float | None = None

    @property
    def is_stopped(self) -> bool:
        """A stop string has appeared."""
        return self._detokenizer.is_stopped

    def admitted(self, now: float) -> None:
        # A sequence that was sent back and admitted again waited only once from its reader's view.
        if self._admitted_at is None:
            self._admitted_at = now

    def push(self, pieces: Iterable[bytes], now: float) -> list[Event]:
        """The bytes of the tokens that a step has brought; none after a stop string count."""
        if self._first_at is None:
            self._first_at = now
        self._last_at = now
        text = "".join(map(self._detokenizer.push, pieces))
        return [Delta(self._sequence.sequence_id, text)] if text else []

    def finish(self, error: str | None = None) -> list[Event]:
        """What was held back, then the end."""
        sequence = self._sequence
        events: list[Event] = []
        text = self._detokenizer.flush()
        if text:
            events.append(Delta(sequence.sequence_id, text))
        reason = sequence.finish_reason or FinishReason.ERROR
        events.append(Ended(sequence.sequence_id, reason, self._counts(), error))
        return events

    def _counts(self) -> SequenceCounts:
        admitted_at = self._admitted_at or monotonic()
        first_at, last_at = self._first_at, self._last_at
        return SequenceCounts(
            prompt_tokens=self._sequence.prompt_tokens,
            completion_tokens=self._sequence.completion_tokens,
            cached_tokens=self._sequence.cached_tokens,
            queue_ms=_ms(admitted_at - self._submitted_at),
            ttft_ms=None if first_at is None else _ms(first_at - self._submitted_at),
            decode_ms=_ms(last_at - first_at) if first_at and last_at else 0,
            prefill_ms=_ms(first_at - admitted_at) if first_at else 0,
            drafted_tokens=self._sequence.drafted_tokens,
            accepted_tokens=self._sequence.accepted_tokens,
        )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)

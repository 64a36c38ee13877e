"""What one sequence adds to the metrics: its waits as they pass, its counts when it is over."""

from time import monotonic

from appliance.engine.events import Delta, Ended, Event, SequenceCounts
from appliance.metrics import Metrics


class SequenceWatch:
    """Sees the events of one sequence as they reach the event loop.

    `accepted_at` is the `time.monotonic` reading when somebody began to wait; None: nobody does,
    and only its tokens are counted.
    """

    def __init__(self, metrics: Metrics, accepted_at: float | None) -> None:
        self._metrics = metrics
        self._accepted_at = accepted_at
        self._last_at: float | None = None

    def take(self, event: Event) -> None:
        match event:
            case Delta() if self._accepted_at is not None:
                self._add_gap(self._accepted_at)
            case Ended():
                self._add_counts(event.counts)

    def _add_gap(self, accepted_at: float) -> None:
        now = monotonic()
        if self._last_at is None:
            self._metrics.time_to_first_token.observe(now - accepted_at)
        else:
            self._metrics.inter_token_latency.observe(now - self._last_at)
        self._last_at = now

    def _add_counts(self, counts: SequenceCounts) -> None:
        if counts.ttft_ms is None:
            return  # refused or ended before its prompt was read; it may never have had a slot
        metrics = self._metrics
        if self._accepted_at is not None:
            metrics.queue_time.observe(counts.queue_ms / 1000)
        metrics.prompt_tokens.inc(counts.prompt_tokens)
        metrics.prefix_cache_hit_tokens.inc(counts.cached_tokens)
        metrics.completion_tokens.inc(counts.completion_tokens)
        metrics.drafted_tokens.inc(counts.drafted_tokens)
        metrics.accepted_tokens.inc(counts.accepted_tokens)

"""The last hour of the box in figures: a look every half minute, in memory only, and never more
than an hour of it.

Nothing in it is anybody's words. What happened between two looks is there as far as it adds up:
tokens and steps are counted by the engine, the rest is how it stood at that moment.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from math import inf
from time import monotonic

import structlog

from appliance.administration.health import HealthNow
from appliance.engine.gauges import STEP_BOUNDS_SECONDS, EngineGauges

LOOK_SECONDS = 30.0
HOUR_SECONDS = 3600.0
COUNTED_SECONDS = STEP_BOUNDS_SECONDS[-1]
_LOOKS = int(HOUR_SECONDS / LOOK_SECONDS)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sample:
    """How it stood at one moment, and what was done since the one before."""

    at: float
    """By the clock that is never set."""
    running: int
    waiting: int
    tokens_per_second: float
    longest_step: float | None
    """No longer than so many seconds; infinite above COUNTED_SECONDS. None: there was none."""
    kv_share: float | None
    """None where another machine answers: its cache is its own."""
    process_bytes: int | None
    disk_share: float


class LastHour:
    """One object a process. `look` says how the box is."""

    def __init__(
        self, look: Callable[[], Awaitable[HealthNow]], clock: Callable[[], float] = monotonic
    ) -> None:
        self._look = look
        self._clock = clock
        self._samples: deque[Sample] = deque(maxlen=_LOOKS)
        self._before: tuple[float, EngineGauges] | None = None

    def samples(self) -> tuple[tuple[float, Sample], ...]:
        """Each with its age in seconds, the oldest first."""
        now = self._clock()
        aged = ((now - sample.at, sample) for sample in self._samples)
        return tuple((age, sample) for age, sample in aged if age <= HOUR_SECONDS)

    async def take(self) -> None:
        """One more look."""
        health = await self._look()
        at, gauges = self._clock(), health.gauges
        self._samples.append(_sample(at, health, self._before))
        self._before = (at, gauges)

    async def keep_looking(self) -> None:
        """Until cancelled; a look that fails is left out."""
        while True:
            try:
                await self.take()
            except OSError as error:
                log.warning("the box could not be looked at", cause=error.strerror)
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def hour_kept(hour: LastHour) -> AsyncIterator[None]:
    """It looks while the block runs."""
    looking = asyncio.create_task(hour.keep_looking(), name="last-hour")
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


def _sample(at: float, health: HealthNow, before: tuple[float, EngineGauges] | None) -> Sample:
    gauges = health.gauges
    then, earlier = before or (at, gauges)
    # Another model begins to count anew.
    written = max(0, gauges.written_tokens - earlier.written_tokens)
    return Sample(
        at=at,
        running=gauges.running,
        waiting=gauges.waiting,
        tokens_per_second=written / (at - then) if at > then else 0.0,
        longest_step=_longest(gauges.step_counts, earlier.step_counts),
        kv_share=gauges.used_cells / gauges.total_cells if gauges.total_cells else None,
        process_bytes=health.process_bytes,
        disk_share=1 - health.disk_free_bytes / max(1, health.disk_total_bytes),
    )


def _longest(now: tuple[int, ...], before: tuple[int, ...]) -> float | None:
    bounds = (*STEP_BOUNDS_SECONDS, inf)
    grown = [bound for bound, late, early in zip(bounds, now, before, strict=True) if late > early]
    return grown[-1] if grown else None

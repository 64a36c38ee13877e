"""How the engine stands, as plain values that any thread may read.

The compute thread replaces the whole value after each step; readers take what they find.
"""

from bisect import bisect_left
from dataclasses import dataclass

from appliance.engine.scheduler import Scheduler

STEP_BOUNDS_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
"""Upper bounds of the classes that steps are counted in; a last class holds the longer ones."""


@dataclass(frozen=True, slots=True)
class EngineGauges:
    """What the engine does and has done. Cells are those of the KV cache, one a token."""

    running: int = 0
    waiting: int = 0
    used_cells: int = 0
    total_cells: int = 0
    threads: int = 0
    step_seconds: float = 0.0
    """How long all steps took together."""
    step_counts: tuple[int, ...] = (0,) * (len(STEP_BOUNDS_SECONDS) + 1)
    """How many steps were that long, by the classes of STEP_BOUNDS_SECONDS."""
    written_tokens: int = 0
    """Of all replies so far; unlike what the metrics count, also of those that are not over."""
    self_checks: int = 0
    self_check_failures: int = 0
    """How many of the checks found something that does not add up."""


class Meter:
    """Reads a scheduler and adds up its steps. Lives on the compute thread."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._step_seconds = 0.0
        self._step_counts = [0] * (len(STEP_BOUNDS_SECONDS) + 1)
        self._checks = self._check_failures = 0

    def add_step(self, seconds: float) -> None:
        """A step in which there was something to do."""
        self._step_seconds += seconds
        self._step_counts[bisect_left(STEP_BOUNDS_SECONDS, seconds)] += 1

    def add_check(self, violations: list[str]) -> None:
        """The self-check of an idle engine, and what it found."""
        self._checks += 1
        self._check_failures += bool(violations)

    def gauges(self, threads: int, written_tokens: int = 0) -> EngineGauges:
        """How it stands now, with so many threads, and so much written."""
        scheduler = self._scheduler
        return EngineGauges(
            running=len(scheduler.running),
            waiting=len(scheduler.waiting),
            used_cells=scheduler.slots.cells.used,
            total_cells=scheduler.room.kv_tokens,
            threads=threads,
            step_seconds=self._step_seconds,
            step_counts=tuple(self._step_counts),
            written_tokens=written_tokens,
            self_checks=self._checks,
            self_check_failures=self._check_failures,
        )

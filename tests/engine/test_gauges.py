"""The engine's own figures, published as plain values."""

import threading

import pytest
from fakes import ScriptedBackend

from appliance.engine.engine import Engine
from appliance.engine.engine_limits import EngineLimits
from appliance.engine.events import Ended, Event
from appliance.engine.gauges import STEP_BOUNDS_SECONDS, EngineGauges, Meter
from appliance.engine.scheduler import Scheduler, SchedulerLimits
from appliance.engine.sequence import SamplingParams


def meter() -> Meter:
    limits = SchedulerLimits(seats=2, running=2, kv_tokens=100, context_tokens=50, waiting=4)
    return Meter(Scheduler(limits))


@pytest.mark.parametrize(
    ("seconds", "place"),
    [(0.0, 0), (STEP_BOUNDS_SECONDS[0], 0), (STEP_BOUNDS_SECONDS[0] + 1e-6, 1), (1e6, -1)],
)
def test_a_step_is_counted_in_the_class_that_it_fits(seconds: float, place: int) -> None:
    counting = meter()
    counting.add_step(seconds)
    gauges = counting.gauges(3)
    assert gauges.step_counts[place] == 1
    assert sum(gauges.step_counts) == 1
    assert gauges.step_seconds == seconds


def test_what_was_published_does_not_change_any_more() -> None:
    counting = meter()
    before = counting.gauges(3)
    counting.add_step(0.1)
    assert sum(before.step_counts) == 0


def test_the_gauges_follow_the_work_and_are_up_to_date_when_the_end_is_told() -> None:
    backend = ScriptedBackend(lambda sequence: "abc", gated=True)
    engine = Engine(lambda: backend, EngineLimits(1, 1000, 512, 8, threads=2, cores=2))
    seen: list[EngineGauges] = []
    over = threading.Event()

    def publish(events: list[Event]) -> None:
        seen.append(engine.gauges)
        if any(isinstance(e, Ended) and e.sequence_id == "second" for e in events):
            over.set()

    assert engine.gauges == EngineGauges(total_cells=1000)
    engine.start(publish)
    assert engine.loaded.wait(30)
    for name in ("first", "second"):
        engine.submit(name, "ann", [ord("x")] * 10, SamplingParams())
    backend.let(100)
    assert over.wait(30)
    last = engine.gauges
    engine.stop()
    assert (1, 1) in {(gauges.running, gauges.waiting) for gauges in seen}
    assert (last.running, last.waiting) == (0, 0)
    assert (last.threads, last.total_cells) == (2, 1000)
    # The last token of a reply is never computed; everything before it stays in the cache.
    assert 0 < last.used_cells <= 26
    assert sum(last.step_counts) == len(backend.batches)
    assert last.step_seconds > 0

"""What sequences add to the metrics, from the events alone and through a whole box."""

from collections.abc import Awaitable, Callable
from time import monotonic

from conversation_steps import follow_to_end, say, step_until, wait_for_text
from fakes import ScriptedBackend

from appliance.conversations.sequence_watch import SequenceWatch
from appliance.engine.events import Delta, Ended, Event, Progress, SequenceCounts
from appliance.engine.gauges import EngineGauges
from appliance.engine.sequence import FinishReason
from appliance.lifespan import Box
from appliance.metrics import Metrics

COUNTS = SequenceCounts(
    prompt_tokens=40,
    completion_tokens=7,
    cached_tokens=30,
    queue_ms=250,
    ttft_ms=300,
    decode_ms=60,
    prefill_ms=50,
    drafted_tokens=5,
    accepted_tokens=3,
)
REPLY: list[Event] = [
    Progress("a", 1, 0, 40),
    Progress("a", None, 20, 40),
    Delta("a", "one"),
    Delta("a", " two"),
    Delta("a", " three"),
    Ended("a", FinishReason.STOP, COUNTS),
]


def value(metrics: Metrics, name: str, **labels: str) -> float:
    found = metrics.registry.get_sample_value(f"appliance_{name}", labels)
    assert found is not None, name
    return found


def watch(events: list[Event], accepted_at: float | None) -> Metrics:
    metrics = Metrics(EngineGauges)
    watching = SequenceWatch(metrics, accepted_at)
    for event in events:
        watching.take(event)
    return metrics


def test_a_reply_adds_one_first_token_its_gaps_its_wait_and_its_tokens() -> None:
    metrics = watch(REPLY, monotonic() - 2.0)
    assert value(metrics, "time_to_first_token_seconds_count") == 1
    assert 2.0 <= value(metrics, "time_to_first_token_seconds_sum") < 3.0
    assert value(metrics, "inter_token_latency_seconds_count") == 2
    assert value(metrics, "queue_time_seconds_sum") == 0.25
    counted = {
        name: value(metrics, f"{name}_tokens_total")
        for name in ("prompt", "completion", "prefix_cache_hit", "drafted", "accepted")
    }
    assert counted == {
        "prompt": 40,
        "completion": 7,
        "prefix_cache_hit": 30,
        "drafted": 5,
        "accepted": 3,
    }


def test_what_nobody_waits_for_is_in_no_time_but_its_tokens_count() -> None:
    metrics = watch(REPLY, None)
    for name in ("time_to_first_token", "inter_token_latency", "queue_time"):
        assert value(metrics, f"{name}_seconds_count") == 0
    assert value(metrics, "completion_tokens_total") == 7


def test_what_was_refused_before_it_was_read_counts_nowhere() -> None:
    counts = SequenceCounts(40, 0, 0, queue_ms=0, ttft_ms=None, decode_ms=0)
    metrics = watch([Ended("a", FinishReason.ERROR, counts, "Full.")], monotonic())
    assert value(metrics, "queue_time_seconds_count") == 0
    assert value(metrics, "prompt_tokens_total") == 0


async def test_a_turn_shows_in_the_metrics_when_its_end_is_told(box: Box) -> None:
    started = await say(box, "Hello")
    snapshots = await follow_to_end(box, started.turn.turn_id)
    counts = snapshots[-1].turn.counts
    assert value(box.metrics, "turns_total", status="finished") == 1
    assert value(box.metrics, "completion_tokens_total") == counts.completion_tokens
    assert value(box.metrics, "prompt_tokens_total") == counts.prompt_tokens
    assert value(box.metrics, "sequences_running") == 0
    assert counts.ttft_ms is not None
    shown = value(box.metrics, "time_to_first_token_seconds_sum")
    assert abs(shown - counts.ttft_ms / 1000) < 0.5, "both begin with the accepted message"


async def test_turns_are_counted_by_how_they_ended(
    open_scripted: Callable[..., Awaitable[Box]],
) -> None:
    backend = ScriptedBackend(gated=True)
    box = await open_scripted(backend)
    stopped = await say(box, "A long answer, please")
    backend.let(10)
    await wait_for_text(box, stopped.turn.turn_id, 3)
    assert value(box.metrics, "sequences_running") == 1
    await step_until(backend, box.desk.service.stop_turn(box.person, stopped.turn.turn_id))
    assert value(box.metrics, "turns_total", status="cancelled") == 1
    assert value(box.metrics, "turns_total", status="finished") == 0


async def test_a_completion_without_a_turn_counts_as_a_wait_too(box: Box) -> None:
    async with box.completions.begin("program", [("user", "Hi")], {}) as reply:
        async for _ in reply:
            pass
    assert value(box.metrics, "time_to_first_token_seconds_count") == 1
    assert value(box.metrics, "turns_total", status="finished") == 0

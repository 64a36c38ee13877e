"""What the box measures of itself: every metric, in one table, in one registry a box.

No label names anybody or anything of theirs: no person, id, title, text, model file or raw path.
What the engine knows is read from its `EngineGauges` when somebody asks, once for all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from itertools import accumulate

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from appliance import __version__
from appliance.box_figures import BoxCollector, BoxFigures
from appliance.engine.gauges import STEP_BOUNDS_SECONDS, EngineGauges
from appliance.engine.kv_snapshot_collection import SnapshotCounts
from appliance.engine.kv_snapshots import KvSnapshots

_WAITS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 180)
_GAPS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 5)
_ANSWERS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)

_ENGINE_GAUGES: tuple[tuple[str, str, Callable[[EngineGauges], float]], ...] = (
    ("appliance_sequences_running", "Replies that have a slot now.", lambda g: g.running),
    ("appliance_sequences_waiting", "Replies that wait for a slot now.", lambda g: g.waiting),
    (
        "appliance_kv_cache_usage_ratio",
        "Share of the KV cache's cells that hold something, from 0 to 1; what idle slots hold for "
        "the next turn counts too.",
        lambda g: g.used_cells / max(1, g.total_cells),
    ),
    (
        "appliance_engine_threads",
        "Threads that compute; 0 while no model is loaded.",
        lambda g: g.threads,
    ),
)

_ENGINE_COUNTERS: tuple[tuple[str, str, Callable[[EngineGauges], float]], ...] = (
    (
        "appliance_self_checks_total",
        "How often the idle engine has checked its books.",
        lambda g: g.self_checks,
    ),
    (
        "appliance_self_check_failures_total",
        "How often they did not add up; the log has the numbers, the KV cache began anew.",
        lambda g: g.self_check_failures,
    ),
)


class Metrics:
    """All metrics of one box. `gauges` is asked how the engine stands, `look` how the rest does."""

    def __init__(
        self,
        gauges: Callable[[], EngineGauges],
        snapshots: KvSnapshots | None = None,
        look: Callable[[], BoxFigures] = BoxFigures,
    ) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, what: str, labels: Sequence[str] = ()) -> Counter:
            return Counter(name, what, labels, registry=registry)

        def histogram(
            name: str, what: str, buckets: Sequence[float], labels: Sequence[str] = ()
        ) -> Histogram:
            return Histogram(name, what, labels, registry=registry, buckets=buckets)

        self.time_to_first_token = histogram(
            "appliance_time_to_first_token_seconds",
            "From the accepted message to the first text of its reply, queue included.",
            _WAITS,
        )
        self.inter_token_latency = histogram(
            "appliance_inter_token_latency_seconds",
            "Gap between two pieces of text of a reply.",
            _GAPS,
        )
        self.queue_time = histogram("appliance_queue_time_seconds", "Wait for a slot.", _WAITS)
        self.prompt_tokens = counter(
            "appliance_prompt_tokens_total", "Tokens of prompts that were read to their end."
        )
        self.prefix_cache_hit_tokens = counter(
            "appliance_prefix_cache_hit_tokens_total",
            "Those among them that were in the KV cache already.",
        )
        self.completion_tokens = counter("appliance_completion_tokens_total", "Tokens written.")
        self.drafted_tokens = counter(
            "appliance_drafted_tokens_total", "Tokens that were guessed ahead."
        )
        self.accepted_tokens = counter(
            "appliance_accepted_tokens_total", "Guessed tokens that were right."
        )
        self.turns = counter("appliance_turns_total", "Turns that are over and stored.", ["status"])
        self.http_requests = counter(
            "appliance_http_requests_total",
            "Requests by route and answer; those that no route takes are not counted.",
            ["method", "path", "status"],
        )
        self.http_answer_time = histogram(
            "appliance_http_answer_seconds",
            "From a request to the beginning of its answer.",
            _ANSWERS,
            ["method", "path"],
        )
        self.http_requests_open = Gauge(
            "appliance_http_requests_open",
            "Requests whose answer is not over: streams, most of all.",
            ["method", "path"],
            registry=registry,
        )
        for status in ("finished", "cancelled", "failed"):  # shown from the start, at 0
            self.turns.labels(status)
        Info("appliance_build", "What runs here.", registry=registry).info(
            {"version": __version__, "llama_cpp_python": version("llama-cpp-python")}
        )
        registry.register(_EngineCollector(gauges))
        registry.register(_SnapshotCollector(snapshots))
        registry.register(BoxCollector(look))
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)

    def count_turn(self, status: str) -> None:
        """One more turn that ended so."""
        self.turns.labels(status).inc()

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)


class _EngineCollector(Collector):
    """What the compute thread has published, taken once for each scrape."""

    def __init__(self, gauges: Callable[[], EngineGauges]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        gauges = self._gauges()
        for name, what, read in _ENGINE_GAUGES:
            yield GaugeMetricFamily(name, what, value=read(gauges))
        for name, what, read in _ENGINE_COUNTERS:
            yield CounterMetricFamily(name, what, value=read(gauges))
        names = [*(str(float(bound)) for bound in STEP_BOUNDS_SECONDS), "+Inf"]
        yield HistogramMetricFamily(
            "appliance_step_seconds",
            "One step of the engine: every reply that is written, and some of the prompts.",
            buckets=list(zip(names, accumulate(gauges.step_counts), strict=True)),
            sum_value=gauges.step_seconds,
        )


class _SnapshotCollector(Collector):
    """The KV cache's part on disk; all zero where there is none."""

    def __init__(self, snapshots: KvSnapshots | None) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        snapshots = self._snapshots
        yield GaugeMetricFamily(
            "appliance_kv_snapshot_bytes",
            "Disk that saved states of the KV cache take.",
            value=snapshots.used_bytes if snapshots else 0,
        )
        outcomes = CounterMetricFamily(
            "appliance_kv_snapshots_total",
            "States of the KV cache that were saved, loaded again, evicted, or refused: not saved.",
            labels=["outcome"],
        )
        for outcome, count in asdict(snapshots.counts if snapshots else SnapshotCounts()).items():
            outcomes.add_metric([outcome], count)
        yield outcomes

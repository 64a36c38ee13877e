"""The table of metrics, over engine figures that a test makes up."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from appliance.box_figures import BoxFigures, look
from appliance.engine.gauges import STEP_BOUNDS_SECONDS, EngineGauges
from appliance.engine.kv_snapshots import KvSnapshots, SnapshotMeta
from appliance.metrics import Metrics

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
PROMISED = {
    "appliance_time_to_first_token_seconds",
    "appliance_inter_token_latency_seconds",
    "appliance_queue_time_seconds",
    "appliance_sequences_running",
    "appliance_sequences_waiting",
    "appliance_kv_cache_usage_ratio",
    "appliance_prefix_cache_hit_tokens_total",
    "appliance_prompt_tokens_total",
    "appliance_completion_tokens_total",
}
"""Dashboards are built on these names."""


def samples(metrics: Metrics) -> dict[str, float]:
    """Each sample without labels, by its name."""
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if not sample.labels
    }


def own_names(metrics: Metrics) -> set[str]:
    """What is ours among the metrics, as it stands in the text's own head lines."""
    names = re.findall(r"^# TYPE (appliance_\w+) ", metrics.text().decode(), re.M)
    return {name for name in names if not name.endswith("_created")}


def test_the_names_are_the_promised_ones() -> None:
    assert own_names(Metrics(EngineGauges)) >= PROMISED


def test_the_readme_names_every_metric() -> None:
    assert {name for name in own_names(Metrics(EngineGauges)) if f"`{name}`" not in README} == set()


def test_the_readme_names_no_metric_that_is_not_there() -> None:
    assert set(re.findall(r"`(appliance_\w+)`", README)) <= own_names(Metrics(EngineGauges))


def test_two_boxes_of_one_process_count_for_themselves() -> None:
    one, other = Metrics(EngineGauges), Metrics(EngineGauges)
    one.completion_tokens.inc(5)
    assert samples(one)["appliance_completion_tokens_total"] == 5
    assert samples(other)["appliance_completion_tokens_total"] == 0


def test_the_engine_is_asked_anew_and_once_for_each_scrape() -> None:
    asked: list[EngineGauges] = []

    def gauges() -> EngineGauges:
        asked.append(EngineGauges(running=len(asked), used_cells=25, total_cells=100, threads=2))
        return asked[-1]

    metrics = Metrics(gauges)
    asked.clear()
    for number in range(2):
        found = samples(metrics)
        assert found["appliance_sequences_running"] == number
        assert found["appliance_kv_cache_usage_ratio"] == 0.25
        assert found["appliance_engine_threads"] == 2
    assert len(asked) == 2


def test_an_engine_without_a_model_has_an_empty_cache_and_divides_by_nothing() -> None:
    assert samples(Metrics(EngineGauges))["appliance_kv_cache_usage_ratio"] == 0


def test_steps_are_a_histogram_with_every_step_in_its_class() -> None:
    counts = [0] * (len(STEP_BOUNDS_SECONDS) + 1)
    counts[0], counts[-1] = 3, 1
    metrics = Metrics(lambda: EngineGauges(step_seconds=7.5, step_counts=tuple(counts)))
    text = metrics.text().decode()
    assert f'appliance_step_seconds_bucket{{le="{STEP_BOUNDS_SECONDS[0]}"}} 3.0' in text
    assert f'appliance_step_seconds_bucket{{le="{STEP_BOUNDS_SECONDS[-1]}"}} 3.0' in text
    assert 'appliance_step_seconds_bucket{le="+Inf"} 4.0' in text
    assert samples(metrics)["appliance_step_seconds_sum"] == 7.5


def test_states_on_disk_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    snapshots = KvSnapshots(tmp_path / "kv", b"k" * 32, 1_000_000)
    metrics = Metrics(EngineGauges, snapshots)
    snapshots.start()
    meta = SnapshotMeta("model", "ann", "garden", 0, [1, 2, 3])
    snapshots.save(meta, b"state" * 100)
    assert snapshots.wait_idle(30)
    text = metrics.text().decode()
    snapshots.close(30)
    assert 'appliance_kv_snapshots_total{outcome="saved"} 1.0' in text
    assert 'appliance_kv_snapshots_total{outcome="loaded"} 0.0' in text
    assert samples(metrics)["appliance_kv_snapshot_bytes"] > 500
    assert "garden" not in text


def test_a_box_without_states_on_disk_says_so() -> None:
    assert samples(Metrics(EngineGauges))["appliance_kv_snapshot_bytes"] == 0


def test_every_way_a_turn_may_end_is_there_from_the_start() -> None:
    text = Metrics(EngineGauges).text().decode()
    for status in ("finished", "cancelled", "failed"):
        assert f'appliance_turns_total{{status="{status}"}} 0.0' in text


def test_the_process_and_what_it_runs_on_are_described() -> None:
    text = Metrics(EngineGauges).text().decode()
    assert re.search(r"^process_resident_memory_bytes \d", text, re.M)
    assert re.search(
        r'^appliance_build_info{llama_cpp_python="[\d.]+",version=".+"} 1.0$', text, re.M
    )


def test_the_box_is_looked_at_once_for_each_scrape() -> None:
    looked: list[BoxFigures] = []

    def look() -> BoxFigures:
        looked.append(BoxFigures(has_model=True, disk_free_bytes=5 + len(looked)))
        return looked[-1]

    metrics = Metrics(EngineGauges, None, look)
    looked.clear()
    found = samples(metrics)
    assert found["appliance_model_ready"] == 1
    assert found["appliance_valkey_away"] == 0
    assert found["appliance_disk_free_bytes"] == 5
    assert len(looked) == 1


def test_a_disk_that_does_not_answer_is_no_reason_to_say_nothing(tmp_path: Path) -> None:
    there = look(True, False, tmp_path / "appliance.sqlite3")
    assert there.disk_total_bytes >= there.disk_free_bytes > 0
    assert look(True, False, tmp_path / "gone" / "a.sqlite3") == BoxFigures(has_model=True)

"""How many threads compute, over simulated time."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.engine import core_load
from appliance.engine.core_load import busy_seconds, others_seconds
from appliance.engine.thread_governor import ThreadGovernor


class Box:
    """Simulated seconds pass in steps, while others use so many cores."""

    def __init__(self, most: int, cores: int) -> None:
        self.now = 100.0
        self.others = 0.0
        self.governor = ThreadGovernor(most, cores, lambda: self.others)
        self.changes: list[int] = []

    def run(self, seconds: float, busy_cores: float) -> int:
        for _ in range(round(seconds / 0.01)):
            self.now += 0.01
            self.others += 0.01 * busy_cores
            changed = self.governor.after_step(self.now)
            if changed is not None:
                self.changes.append(changed)
        return self.governor.threads


def test_a_busy_neighbour_takes_a_thread_and_gives_it_back() -> None:
    box = Box(most=2, cores=2)
    assert box.run(2, busy_cores=0.05) == 2
    assert box.run(0.6, busy_cores=0.7) == 1
    assert box.run(3, busy_cores=1) == 1
    assert box.run(2, busy_cores=0) == 2
    assert box.changes == [1, 2]


def test_one_thread_is_always_left() -> None:
    assert Box(most=2, cores=2).run(3, busy_cores=2) == 1
    assert Box(most=1, cores=1).run(3, busy_cores=1) == 1


def test_free_cores_beside_ours_are_not_ours_to_give_up() -> None:
    assert Box(most=4, cores=16).run(3, busy_cores=10) == 4
    assert Box(most=8, cores=16).run(3, busy_cores=12) == 4


def test_a_short_flicker_does_not_bring_threads_back() -> None:
    box = Box(most=2, cores=2)
    box.run(1, busy_cores=1)
    for _ in range(10):
        box.run(0.3, busy_cores=0)
        box.run(0.3, busy_cores=1)
    assert box.changes == [1]


def test_more_threads_than_cores_stay_as_they_were_set() -> None:
    assert Box(most=4, cores=2).run(3, busy_cores=0) == 4


def test_a_pause_between_replies_is_not_counted_as_load() -> None:
    box = Box(most=2, cores=2)
    box.run(1, busy_cores=0)
    box.now += 60
    box.others += 50
    assert box.run(0.2, busy_cores=0) == 2
    assert box.changes == []


def test_only_the_processors_that_we_may_use_count() -> None:
    stat = (
        "cpu  900 0 0 0 0 0 0 0 0 0\n"
        "cpu0 100 10 20 5000 70 3 2 40 0 0\n"
        "cpu1 700 0 0 0 0 0 0 0 0 0\n"
        "intr 1 2 3\n"
    )
    tick = 1 / os.sysconf("SC_CLK_TCK")
    assert busy_seconds(stat, {0}) == pytest.approx(135 * tick)
    assert busy_seconds(stat, {0, 1}) == pytest.approx(835 * tick)
    assert busy_seconds("", {0}) == 0


def test_a_service_that_does_not_see_the_processors_asks_the_control_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "cpu.stat"
    monkeypatch.setattr(core_load, "_STAT", tmp_path / "hidden")
    monkeypatch.setattr(core_load, "_GROUPS", book)
    assert others_seconds() == 0
    book.write_text("usage_usec 5000000000\nuser_usec 4000000000\nsystem_usec 1000000000\n")
    assert others_seconds() == pytest.approx(5000 - time.process_time(), abs=5)
    book.write_text("something else\n")
    assert others_seconds() == 0


def test_another_process_is_seen_to_compute() -> None:
    before, began = others_seconds(), time.monotonic()
    busy = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass"
    subprocess.run([sys.executable, "-c", busy], check=True, timeout=60)
    assert others_seconds() - before > 0.2, time.monotonic() - began

import os
import subprocess
from time import monotonic

import pytest
from benchmark.errors import ScenarioFailed
from benchmark.processes import (
    busy_core,
    cpu_seconds,
    family,
    memory_mb,
    seconds_until_idle,
    wake_ups,
)


def test_the_family_holds_the_process_and_its_children():
    with busy_core():
        assert len(family(os.getpid())) >= 2
        assert family(os.getpid())[0] == os.getpid()


def test_a_process_has_memory_and_has_used_time():
    assert memory_mb(os.getpid()) > 1
    assert cpu_seconds(os.getpid()) > 0


async def test_a_process_that_sleeps_is_idle_and_one_that_computes_is_not():
    with subprocess.Popen(["sleep", "60"]) as sleeper, busy_core():
        assert await seconds_until_idle(sleeper.pid, monotonic(), limit_seconds=30) < 20
        with pytest.raises(ScenarioFailed):
            await seconds_until_idle(os.getpid(), monotonic(), limit_seconds=1)
        sleeper.kill()


def test_who_sleeps_and_wakes_is_counted():
    before = wake_ups(os.getpid())
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert wake_ups(os.getpid()) > before

"""Whoever waits for a reply comes first."""

import os
import subprocess
import sys

import pytest

from appliance.backups.pace import PIECE_SECONDS, Pace


class Clock:
    """It stands still but for what somebody works and sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_it_rests_as_long_as_it_worked_and_not_for_every_trifle() -> None:
    clock = Clock()
    pace = Pace(clock=clock, sleep=clock.sleep)
    work = 1 / 128
    for _ in range(99):
        clock.now += work
        pace.rest()
    assert 2 * work < PIECE_SECONDS < 3 * work
    assert clock.slept == [3 * work] * 33


def test_where_it_may_not_step_aside_it_rests_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under the service, whose fence forbids it."""

    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "nice", forbidden)
    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    clock = Clock()
    pace = Pace(clock=clock, sleep=clock.sleep)
    pace.step_aside()
    clock.now += 1.0
    pace.rest()
    assert clock.slept == [3.0]


def test_where_it_may_it_computes_only_when_nobody_else_wants_to() -> None:
    program = (
        "import os; from appliance.backups.pace import Pace; pace = Pace(); pace.step_aside();"
        "print(os.sched_getscheduler(0) == os.SCHED_IDLE, pace.rest_for_work)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "0.0"]

"""Too small, too slow, or in another year."""

import os
from collections import namedtuple
from pathlib import Path

import pytest
from planted_box import Planted
from stocked_box import stock

from appliance.doctor import machine
from appliance.doctor.finding import State

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("free", "state"),
    [(100 * 2**20, State.WRONG), (2**30, State.WARNING), (50 * 2**30, State.FINE)],
)
def test_a_disk_that_is_nearly_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: State
) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Usage(100 * 2**30, 0, free))
    assert machine.disk(Planted(tmp_path).patient()).state is state


@pytest.mark.parametrize(
    ("kilobytes", "state"),
    [(500_000, State.WRONG), (1_000_000, State.WARNING), (16_000_000, State.FINE)],
)
def test_a_model_that_is_larger_than_the_memory(
    tmp_path: Path, kilobytes: int, state: State
) -> None:
    box = Planted(tmp_path)
    (box.proc / "meminfo").write_text(f"MemTotal: {kilobytes} kB\n")
    found = machine.memory(box.patient())
    assert found.state is state
    # 23 kB a token, which was measured, and 16,384 tokens.
    assert "0.1 the model, 0.4 its KV cache" in found.says


def test_a_model_that_is_not_here_is_wrong(tmp_path: Path) -> None:
    from appliance.doctor.checks import look

    box = Planted(tmp_path, model={"name": "missing"})
    found = look(box.patient(), machine.memory)
    assert found.state is State.WRONG and "missing" in found.says


def test_an_old_processor(tmp_path: Path) -> None:
    box = Planted(tmp_path)
    assert machine.processor(box.patient()).state is State.FINE
    (box.proc / "cpuinfo").write_text("flags\t\t: fpu sse4_2 avx\n")
    found = machine.processor(box.patient())
    assert found.state is State.WARNING and "avx2, fma, f16c" in found.says


def test_more_threads_than_cores(tmp_path: Path) -> None:
    many = (os.cpu_count() or 1) + 1
    found = machine.threads(Planted(tmp_path, engine={"threads": many}).patient())
    assert found.state is State.WARNING
    assert machine.threads(Planted(tmp_path / "b").patient()).state is State.FINE


def test_a_clock_that_is_behind_what_was_said(tmp_path: Path) -> None:
    box = Planted(tmp_path)
    stock(box.data)  # its messages are of 2027
    found = machine.clock(box.patient(now=1_790_000_000))
    assert found.state is State.WRONG and "2027-01-15" in found.says
    assert machine.clock(box.patient(now=1_900_000_000)).state is State.FINE
    assert machine.clock(Planted(tmp_path / "b").patient(now=86_400)).state is State.WRONG

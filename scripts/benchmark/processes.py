"""What Linux says about a process and its children, and a process that keeps one core busy."""

import asyncio
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from appliance.hot import die_with_parent
from benchmark.errors import ScenarioFailed

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
_IDLE_WINDOW_SECONDS = 0.3
_SAMPLE_SECONDS = 0.02


def bound_to_us(command: list[str]) -> list[str]:
    """The same command, killed by the kernel when this process goes, however it goes."""
    return [sys.executable, "-IS", die_with_parent.__file__, str(os.getpid()), *command]


def family(pid: int) -> list[int]:
    """The process and everything below it that is alive."""
    found = [pid]
    for each in found:
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:
                continue  # it has just ended
    return found


def memory_mb(pid: int) -> float:
    """Proportional set size of the whole family, in MB: shared pages count once."""
    total_kb = 0
    for member in family(pid):
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total_kb += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total_kb * 1024 / 1e6


def cpu_seconds(pid: int) -> float:
    """Processor time that the family's living members have used so far."""
    ticks = 0
    for member in family(pid):
        try:
            stat = Path(f"/proc/{member}/stat").read_text()
        except OSError:
            continue
        # The name, in brackets, may hold spaces; utime and stime are the 12th and 13th after it.
        fields = stat.rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * _TICK_SECONDS


def wake_ups(pid: int) -> int:
    """How often threads of the family have gone to sleep by themselves so far."""
    total = 0
    for member in family(pid):
        for status in Path(f"/proc/{member}/task").glob("*/status"):
            try:
                lines = status.read_text().splitlines()
            except OSError:
                continue
            total += sum(
                int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt")
            )
    return total


async def seconds_until_idle(pid: int, since: float, limit_seconds: float) -> float:
    """From `since` (monotonic) to the start of the first quiet stretch of a third of a second.

    Quiet is one tick of processor time at most. Raises ScenarioFailed after `limit_seconds`.
    """
    samples: deque[tuple[float, float]] = deque()
    while monotonic() - since < limit_seconds:
        samples.append((monotonic(), cpu_seconds(pid)))
        while len(samples) > 1 and samples[-1][0] - samples[1][0] >= _IDLE_WINDOW_SECONDS:
            samples.popleft()
        (first, used_first), (last, used_last) = samples[0], samples[-1]
        is_quiet = used_last - used_first <= 1.5 * _TICK_SECONDS
        if last - first >= _IDLE_WINDOW_SECONDS and is_quiet:
            return max(0.0, first - since)
        await asyncio.sleep(_SAMPLE_SECONDS)
    raise ScenarioFailed(f"it was still computing {limit_seconds:.0f} s after the client had left")


@contextmanager
def busy_core() -> Iterator[None]:
    """Another process that computes without a pause."""
    process = subprocess.Popen(bound_to_us([sys.executable, "-c", "while True: pass"]))
    try:
        yield
    finally:
        process.kill()
        process.wait()

"""What was measured on: the machine, the versions, and whether anybody else uses it now."""

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from appliance import __version__
from appliance.cpu import physical_cores
from benchmark.errors import MachineBusy

ROOT = Path(__file__).parents[2]
BUSY_LIMIT = 0.15


def busy_fraction(seconds: float = 1.0) -> float:
    """The part of all processors' time that was used, by anybody, during the next `seconds`."""
    before = _cpu_times()
    time.sleep(seconds)
    spent = [late - early for early, late in zip(before, _cpu_times(), strict=True)]
    idle, waiting_for_disk = spent[3], spent[4]
    return 1 - (idle + waiting_for_disk) / max(1, sum(spent))


def refuse_when_busy(anyway: bool) -> float:
    """How busy the machine is. Raises MachineBusy above the limit, unless told to go on anyway."""
    busy = busy_fraction()
    if busy > BUSY_LIMIT and not anyway:
        raise MachineBusy(
            f"The processors are {busy:.0%} busy with something else, and above {BUSY_LIMIT:.0%} "
            "the figures would mean little. Stop it and start again, or add --anyway."
        )
    return busy


def describe() -> dict[str, str]:
    """Names and values, as they stand above the report."""
    return {
        "processor": _first("/proc/cpuinfo", "model name"),
        "cores": f"{physical_cores()} physical, {os.cpu_count()} in all",
        "memory": f"{int(_first('/proc/meminfo', 'MemTotal').split()[0]) / 1e6:.1f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "appliance": f"{__version__} {_commit()}".strip(),
        "llama-cpp-python": version("llama-cpp-python"),
    }


def _cpu_times() -> list[int]:
    """user, nice, system, idle, iowait, irq, softirq and steal of all processors, in ticks."""
    with open("/proc/stat") as stat:
        return [int(ticks) for ticks in stat.readline().split()[1:9]]


def _first(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _commit() -> str:
    """The commit of this tree, marked when something in it has changed since."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except OSError:
        return ""
    return done.stdout.strip()

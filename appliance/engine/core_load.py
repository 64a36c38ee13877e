"""How much processor time others use on the cores that this process may use. Linux only."""

import os
import time
from pathlib import Path

_STAT = Path("/proc/stat")
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


def others_seconds() -> float:
    """Processor time that everybody else has used since the machine started, in seconds.

    A difference of two readings counts; 0 where the kernel does not tell.
    """
    try:
        text = _STAT.read_text(encoding="ascii")
    except OSError:
        return 0.0
    return busy_seconds(text, os.sched_getaffinity(0)) - time.process_time()


def busy_seconds(stat: str, cpus: set[int]) -> float:
    """Time that `cpus` have not been idle, from the text of /proc/stat.

    What a hypervisor takes away is not counted: fewer threads would not bring it back.
    """
    ticks = 0
    for line in stat.splitlines():
        name, _, rest = line.partition(" ")
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cpus:
            user, nice, system, _idle, _iowait, irq, softirq = map(int, rest.split()[:7])
            ticks += user + nice + system + irq + softirq
    return ticks * _TICK_SECONDS

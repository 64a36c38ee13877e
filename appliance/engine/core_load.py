"""How much processor time others use on the cores that this process may use. Linux only."""

import os
import time
from pathlib import Path

_STAT = Path("/proc/stat")
_GROUPS = Path("/sys/fs/cgroup/cpu.stat")
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


def others_seconds() -> float:
    """Processor time that everybody else has used since the machine started, in seconds.

    A difference of two readings counts; 0 where the kernel does not tell.
    """
    try:
        busy = busy_seconds(_STAT.read_text(encoding="ascii"), os.sched_getaffinity(0))
    except OSError:
        busy = _of_all_groups()
    return max(0.0, busy - time.process_time())


def _of_all_groups() -> float:
    """The same for a service, which does not see that file: of all cores, from the control groups'
    own book. A box whose processors are shared out between services reads too much in it.
    """
    try:
        words = _GROUPS.read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    return int(words[words.index("usage_usec") + 1]) / 1e6 if "usage_usec" in words else 0.0


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

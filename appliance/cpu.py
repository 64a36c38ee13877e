"""How many cores this process really has.

Sibling threads share one core's arithmetic and do not count.
"""

import os
from pathlib import Path

_CPUS = Path("/sys/devices/system/cpu")


def physical_cores() -> int:
    """Physical cores among the processors this process may run on; at least 1."""
    allowed = os.sched_getaffinity(0)
    cores = {_siblings(cpu) for cpu in allowed}
    return max(1, len(cores))


def _siblings(cpu: int) -> str:
    """The threads that share this one's core, in the kernel's notation; without /sys every thread
    is a core.
    """
    try:
        return (_CPUS / f"cpu{cpu}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)

"""No core file: it would be what people said, and the keys to it, written to a disk."""

import ctypes
import resource
from contextlib import suppress

_PR_SET_DUMPABLE = 4


def allow_no_core_dump() -> None:
    """For this process and those that it starts. The service's unit says so, too."""
    with suppress(OSError, ValueError):  # refused where limits are fixed, as they are by the unit
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def hide_memory() -> None:
    """Let no other process of the same user look into this one's memory, nor have it dumped to a
    program, which the limit does not stop. Whoever measures how much it takes cannot either.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)

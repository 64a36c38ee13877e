"""No core file: it would be what people said, and the keys to it, written to a disk."""

import ctypes
import resource
from contextlib import suppress

_PR_SET_DUMPABLE = 4


def allow_no_core_dump() -> None:
    """For this process; those that it starts inherit the limit. The service's unit says so, too."""
    with suppress(
        OSError, ValueError
    ):  # a service may not change its limits, and has none to lower
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Not even to a program that the kernel pipes dumps into, which the limit does not stop; nor can
    # another process of the same user look into this one's memory.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)

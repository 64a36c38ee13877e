"""What a process gives up before it opens a stranger's file. Linux.

Called by the child itself, as its first act: memory, processor time, writing, network and the means
to get any of them back.
"""

import ctypes
import os
import resource
import signal
import struct

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CAPABILITY_VERSION_3 = 0x20080522
_MAX_OPEN_FILES = 64

_libc = ctypes.CDLL(None, use_errno=True)


def give_up_all(memory_bytes: int, cpu_seconds: int, parent: int) -> None:
    """Die with the parent; be bounded; reach no network; hold no privilege."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # It died before the line above.
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    _leave_network()
    for what, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
    ):
        hard = resource.getrlimit(what)[1]
        bounded = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (bounded, bounded))
    _drop_capabilities()


def _leave_network() -> None:
    # Some kernels and containers allow neither; then the service's own sandbox has to do.
    if _libc.unshare(_CLONE_NEWNET) != 0:
        _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _drop_capabilities() -> None:
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    nothing = bytes(struct.calcsize("=6I"))
    _libc.capset(ctypes.create_string_buffer(header), ctypes.create_string_buffer(nothing))

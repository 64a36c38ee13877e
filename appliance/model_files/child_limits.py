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
# Landlock: its system calls have these numbers on every architecture. The bits are: execute, write,
# remove, make (of each kind), link across directories (2nd version), truncate (3rd).
_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF, _LANDLOCK_VERSION = 444, 446, 1
_CHANGES = 0b1_1111_1111_0011, 0b11_1111_1111_0011, 0b111_1111_1111_0011

_libc = ctypes.CDLL(None, use_errno=True)


def give_up_all(memory_bytes: int, cpu_seconds: int, parent: int) -> None:
    """Die with the parent; be bounded; reach no network; hold no privilege; change nothing."""
    _make_room_for_callbacks()
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
    _change_no_file()


def _make_room_for_callbacks() -> None:
    """Libraries in C call Python back by code that libffi makes, in memory that it takes when the
    first one is made. Inside the service's fences that has to be a file in memory, and from here on
    no file may grow. There is room in it for hundreds.
    """
    ctypes.CFUNCTYPE(None)(lambda: None)


def _leave_network() -> None:
    # Some kernels and containers allow neither; then the service's own sandbox has to do.
    if _libc.unshare(_CLONE_NEWNET) != 0:
        _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _drop_capabilities() -> None:
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    nothing = bytes(struct.calcsize("=6I"))
    _libc.capset(ctypes.create_string_buffer(header), ctypes.create_string_buffer(nothing))


def _change_no_file() -> None:
    """Neither make, change, remove nor run any file, where the kernel knows Landlock (5.13)."""
    version = _libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_VERSION)
    if version < 1:
        return
    handled = struct.pack("=Q", _CHANGES[min(version, len(_CHANGES)) - 1])
    # A ruleset without rules: nothing of what it handles is allowed anywhere.
    rules = _libc.syscall(_LANDLOCK_CREATE_RULESET, handled, len(handled), 0)
    if rules >= 0:
        _libc.syscall(_LANDLOCK_RESTRICT_SELF, rules, 0)
        os.close(rules)

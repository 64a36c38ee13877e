"""Runs a command that ends when its parent ends: `die_with_parent.py PARENT_PID COMMAND ...`

A script of its own, because the request must be made in the child, and code that runs in a forked
child of a process with threads (`preexec_fn`) may hang. It imports nothing of ours.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent_pid: int, command: list[str]) -> None:
    """Becomes `command`; returns only when there is no parent any more."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # A core file would hold what people said.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The parent may have gone before the request was made; then no signal comes.
    if os.getppid() == parent_pid:
        os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

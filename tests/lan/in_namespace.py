"""Runs the appliance on another network: `in_namespace.py NAME serve ...`.

The namespace is entered by this process itself, so that whoever started it has its real process id.
"""

import ctypes
import os
import runpy
import sys

CLONE_NEWNET = 0x40000000


def enter(name: str) -> None:
    """From now on this thread, and those that it starts, are on the network of that name."""
    place = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(place, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(place)


if __name__ == "__main__":
    enter(sys.argv[1])
    sys.argv[:2] = ["appliance"]
    runpy.run_module("appliance", run_name="__main__")

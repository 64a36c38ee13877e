"""What a process that was killed could not remove: its runtime directory.

A directory is removed when it is certainly one of these: in a place where they are made, under
their name, this user's alone, with the settings of a server in it, and with a lock that nobody
holds. The lock is taken before the settings are written, and goes with its process.
"""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PREFIX = "appliance-"
LOCK_NAME = "in-use.lock"
SETTINGS_NAME = "valkey.conf"


def lock(directory: Path) -> int:
    """The descriptor that holds the directory for as long as it is open. Raises OSError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    held = os.open(directory / LOCK_NAME, flags, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise
    return held


def remove_left_over(places: Iterable[Path]) -> int:
    """How many were there. What cannot be looked at or removed stays."""
    removed = 0
    for place in places:
        with suppress(OSError):
            for entry in list(place.iterdir()):
                if entry.name.startswith(PREFIX) and _is_left_over(entry):
                    shutil.rmtree(entry, ignore_errors=True)
                    removed += not entry.exists()
    return removed


def _is_left_over(directory: Path) -> bool:
    try:
        found = directory.lstat()
        is_private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
        if not is_private or found.st_uid != os.geteuid():
            return False
        names = {SETTINGS_NAME, LOCK_NAME}
        if not all(stat.S_ISREG((directory / name).lstat().st_mode) for name in names):
            return False
        os.close(lock(directory))
    except OSError:
        return False
    return True

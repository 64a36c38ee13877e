"""Only one may change the installation; whoever comes second is told so at once."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.errors import InstallationError

BUSY = (
    "Another installation or update is at work on this machine (process {pid}). Wait until it is "
    "done, then start this again."
)


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Hold the lock file meanwhile. Raises InstallationError when somebody else does.

    The lock goes with the process, however it ends.
    """
    try:
        lock.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise InstallationError(
            f"{lock.parent} cannot be written: {error.strerror}. Start this as root."
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(descriptor, 20).decode().strip() or "unknown"
            raise InstallationError(BUSY.format(pid=pid)) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def is_held(lock: Path) -> bool:
    """Whether somebody is at work now."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False

"""The one directory in which everything lives that must survive."""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance.errors import StoreRefused

_SECRET_BYTES = 32


@contextmanager
def open_data_dir(path: Path) -> Iterator[Path]:
    """Make the directory (0700) and hold it: two processes on one database would undo each other.

    Raises StoreRefused when it cannot be made or written, or is in use.
    """
    try:
        _make_directory(path, 0o700)
        lock = os.open(path / "appliance.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreRefused(
            f"The data directory {path} cannot be used: {error.strerror}. Make it writable for "
            "this user or name another one with --data."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise StoreRefused(
            f"Another appliance is running on {path} already. Stop it, or name another directory "
            "with --data."
        ) from error
    try:
        # Whoever reads the file must not take an earlier holder for this one.
        os.ftruncate(lock, 0)
        yield path
    finally:
        os.close(lock)


def say_who_runs(path: Path) -> None:
    """From now on this process may be told of changes by SIGHUP: `running_pid` finds it."""
    (path / "appliance.lock").write_text(f"{os.getpid()}\n")


def running_pid(path: Path) -> int | None:
    """The process that runs on this directory and listens for SIGHUP; None when there is none."""
    try:
        lock = os.open(path / "appliance.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        words = os.read(lock, 20).split()
        return int(words[0]) if words and words[0].isdigit() else None
    finally:
        os.close(lock)
    return None  # a file that nobody holds is left over


def page_secret(path: Path) -> str:
    """The key that signs the page's form tokens; made once, so that open pages outlive a restart.

    Raises StoreRefused when it cannot be made, or is not a key that only the owner can read.
    """
    file = path / "page.key"
    if not file.exists():
        try:
            _write_whole(file, secrets.token_hex(_SECRET_BYTES))
        except OSError as error:
            raise StoreRefused(
                f"{file} cannot be written: {error.strerror}. Free some space on that disk, or "
                "name another directory with --data."
            ) from error
    secret = file.read_text().strip()
    if len(secret) < 2 * _SECRET_BYTES or file.stat().st_mode & 0o077:
        raise StoreRefused(
            f"{file} is damaged or readable for others. Delete it; the next start makes a new one."
        )
    return secret


def derived_key(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, made of the box's secret."""
    return hashlib.blake2b(purpose.encode(), key=secret.encode()[:64], digest_size=32).digest()


def _make_directory(path: Path, mode: int = 0o777) -> None:
    """Make it, and those above it, so that they are there after a power cut too: what is synced in
    a directory whose own name was not is lost with it.
    """
    if not path.is_dir():
        _make_directory(path.parent)
        path.mkdir(mode, exist_ok=True)
        _sync_names(path.parent)


def _write_whole(file: Path, text: str) -> None:
    """There in full or not at all: a start that is cut off here is no obstacle to the next one."""
    unfinished = file.with_suffix(".new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(unfinished, flags, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(unfinished, file)
    _sync_names(file.parent)


def _sync_names(directory: Path) -> None:
    # Some file systems cannot, and some directories may be written and not read: then the file
    # system's own order has to do.
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

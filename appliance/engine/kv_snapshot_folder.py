"""The private directory that KV snapshots lie in.

Only regular files of this user with names of our own making are seen in it. Whatever else somebody
put there (a symlink, a FIFO, a directory, another user's file) is neither followed nor opened nor
removed. A file appears under its name when it is whole; nothing is flushed to the disk by force,
because a torn snapshot is found by its checksum and costs nothing but time.
"""

import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_NAME_BYTES = 16
_NAME = re.compile(rf"[0-9a-f]{{{2 * _NAME_BYTES}}}\.kv")
_UNFINISHED = re.compile(rf"[0-9a-f]{{{2 * _NAME_BYTES}}}\.tmp")

# So much of the disk stays free for what matters more: the smaller of the two.
_SPARE_PART = 10
_SPARE_BYTES = 2**30


class SnapshotFolder:
    """Creates, reads and removes files by name. Every method but `new_name` may raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._newest_use_ns = 0

    def open(self) -> None:
        """Make the directory private and remove what was left unfinished."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._directory() as directory:
            found = os.fstat(directory)
            if found.st_uid != os.geteuid():
                raise PermissionError(errno.EPERM, "it belongs to another user")
            if stat.S_IMODE(found.st_mode) != 0o700:
                os.fchmod(directory, 0o700)
            for _, name in _files(directory, _UNFINISHED):
                os.unlink(name, dir_fd=directory)

    def names(self) -> list[str]:
        """The snapshots, least recently used first."""
        with self._directory() as directory:
            found = sorted(_files(directory, _NAME))
        if found:
            self._newest_use_ns, _ = found[-1]
        return [name for _, name in found]

    def new_name(self) -> str:
        return f"{secrets.token_hex(_NAME_BYTES)}.kv"

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """A file that gets its name when the block ends well, and is removed when it does not."""
        unfinished = f"{Path(name).stem}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._directory() as directory:
            descriptor = os.open(unfinished, flags, 0o600, dir_fd=directory)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    yield file
                self._stamp(unfinished, directory)
                os.rename(unfinished, name, src_dir_fd=directory, dst_dir_fd=directory)
            except BaseException:
                with suppress(OSError):
                    os.unlink(unfinished, dir_fd=directory)
                raise

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """Raises FileNotFoundError also when something that is not ours has taken the name."""
        # Should the name change hands after the look, opening it neither follows nor waits.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with self._directory() as directory:
            _expect_ours(os.stat(name, dir_fd=directory, follow_symlinks=False))
            descriptor = os.open(name, flags, dir_fd=directory)
        with os.fdopen(descriptor, "rb") as file:
            _expect_ours(os.fstat(descriptor))
            yield file

    def mark_used(self, name: str) -> None:
        """Make it the most recently used one, also for the next start."""
        with self._directory() as directory:
            self._stamp(name, directory)

    def remove(self, name: str) -> None:
        """Harmless when it is gone."""
        with self._directory() as directory, suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)

    def free_bytes(self) -> int:
        """How much may still be written here; below 0 when the disk is fuller than it should be."""
        with self._directory() as directory:
            disk = os.statvfs(directory)
        spare = min(disk.f_blocks * disk.f_frsize // _SPARE_PART, _SPARE_BYTES)
        return disk.f_bavail * disk.f_frsize - spare

    def _stamp(self, name: str, directory: int) -> None:
        # Strictly growing, whatever the clock does, because the order of use is read from it.
        self._newest_use_ns = max(self._newest_use_ns + 1, time.time_ns())
        times = (self._newest_use_ns, self._newest_use_ns)
        os.utime(name, ns=times, dir_fd=directory, follow_symlinks=False)

    @contextmanager
    def _directory(self) -> Iterator[int]:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        directory = os.open(self.path, flags)
        try:
            yield directory
        finally:
            os.close(directory)


def _files(directory: int, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """When each was last used (ns) and its name."""
    for name in os.listdir(directory):
        if pattern.fullmatch(name):
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if _is_ours(found):
                yield found.st_mtime_ns, name


def _expect_ours(found: os.stat_result) -> None:
    if not _is_ours(found):
        raise FileNotFoundError(errno.ENOENT, "it is not a file of this user")


def _is_ours(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()

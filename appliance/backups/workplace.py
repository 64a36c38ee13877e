"""A place in the data directory for what a backup or a restore has half done; one at a time."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.errors import BackupError
from appliance.model_files.atomic_file import adopt
from appliance.sentences import number, say

KEPT_FREE_BYTES = 64 * 2**20
"""Room that is left on a disk, so that what is said meanwhile can be kept."""

_LOCK, _FOLDER = "backup.lock", "backup-unfinished"
_BUSY = say("A backup is being made or restored already. Wait until it is done.")


@contextmanager
def workplace(data_dir: Path) -> Iterator[Path]:
    """An empty folder for this user alone; nothing is left of it, nor of an earlier one that was
    killed. Raises BackupError.
    """
    try:
        path = data_dir / _LOCK
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        adopt(path)
    except OSError as error:
        raise as_backup_error(error, data_dir) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupError(_BUSY) from error
        folder = data_dir / _FOLDER
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(mode=0o700)
            adopt(folder)
        except OSError as error:
            raise as_backup_error(error, folder) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def check_room(needs: dict[Path, int]) -> None:
    """The disks under these folders have room for so many bytes each, or BackupError is raised."""
    by_disk: dict[int, tuple[Path, int]] = {}
    try:
        for folder, size_bytes in needs.items():
            disk = folder.stat().st_dev
            _, others = by_disk.get(disk, (folder, 0))
            by_disk[disk] = (folder, others + size_bytes)
        for folder, size_bytes in by_disk.values():
            free = shutil.disk_usage(folder).free - KEPT_FREE_BYTES
            if free < size_bytes:
                raise BackupError(
                    say(
                        "There is no room for it under %(folder)s: it takes %(needed)s MB, and "
                        "%(free)s MB may be used. Free some space, or choose another disk.",
                        folder=folder,
                        needed=number(size_bytes / 1e6, 0),
                        free=number(max(0, free) / 1e6, 0),
                    )
                )
    except OSError as error:
        raise as_backup_error(error, folder) from error


def as_backup_error(error: OSError, path: Path) -> BackupError:
    """What the disk said, in a sentence."""
    return BackupError(
        say(
            "%(path)s cannot be read or written (%(reason)s). See to that disk, or choose another "
            "folder.",
            path=error.filename or path,
            reason=error.strerror or str(error),
        )
    )

"""A restored box takes the place of what there was: all of it or nothing, whenever the power goes.

`offer` gives what was unpacked, checked and migrated its final name, in one rename. From that
moment it counts: whoever holds the data directory next, this process or the next start, carries it
through with `finish`, from wherever an earlier one was cut off. Each of its steps is a rename that
is done or not done, and says by itself which.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.backups.manifest import DATABASE, PAGE_KEY, SETTINGS
from appliance.backups.workplace import as_backup_error
from appliance.model_files.atomic_file import adopt, sync_directory, write_atomically

OFFERED = "restored"
"""The folder in the data directory."""
SETTINGS_BESIDE = "settings-of-the-backup.toml"

_PLAN = "plan.json"
_PLACES = {
    DATABASE: DATABASE,
    PAGE_KEY: PAGE_KEY,
    "documents": "documents",
    "tls": "tls",
    SETTINGS: SETTINGS_BESIDE,
}
_BESIDE_DATABASE = (f"{DATABASE}-wal", f"{DATABASE}-shm")
_DISPOSABLE = "kv"


class _Plan(msgspec.Struct, frozen=True):
    before: str


def is_offered(data_dir: Path) -> bool:
    """Whether one waits for `finish`."""
    return (data_dir / OFFERED).is_dir()


def offer(data_dir: Path, folder: Path, before: str) -> None:
    """From now on what is in `folder` takes the place of what there is, which goes to `before`.

    `folder` is in the data directory, and on the disk already. Raises OSError.
    """
    write_atomically(folder / _PLAN, msgspec.json.encode(_Plan(before)))
    os.rename(folder, data_dir / OFFERED)
    sync_directory(data_dir)


def finish(data_dir: Path) -> Path | None:
    """Carry it through, if one was offered; where to what was there before went, if there was
    anything. Whoever calls it holds the data directory. Raises BackupError; the next call goes on.
    """
    try:
        return _finish(data_dir)
    except OSError as error:
        raise as_backup_error(error, data_dir) from error


def _finish(data_dir: Path) -> Path | None:
    offered = data_dir / OFFERED
    if not offered.is_dir():
        return None
    plan = offered / _PLAN
    if not plan.exists():  # all is done but this
        offered.rmdir()
        return None
    before = data_dir / msgspec.json.decode(plan.read_bytes(), type=_Plan).before
    if not before.is_dir():
        before.mkdir(mode=0o700)
        adopt(before)
    shutil.rmtree(data_dir / _DISPOSABLE, ignore_errors=True)
    for old, new in _moves(data_dir, offered, before):
        os.rename(old, new)
        for each in {old.parent, new.parent}:
            sync_directory(each)
    plan.unlink()
    sync_directory(offered)
    offered.rmdir()
    if not any(before.iterdir()):
        before.rmdir()
        return None
    return before


def _moves(data_dir: Path, offered: Path, before: Path) -> Iterator[tuple[Path, Path]]:
    """What is still to be moved, from where to where; each looked at when its turn comes."""
    if (offered / DATABASE).exists():
        # What SQLite wrote beside the old database would be taken for the new one's.
        for name in _BESIDE_DATABASE:
            if (data_dir / name).exists():
                yield data_dir / name, before / name
    for name, place in _PLACES.items():
        if (offered / name).exists():
            if (data_dir / place).exists():
                yield data_dir / place, before / place
            yield offered / name, data_dir / place

"""What an update keeps of the data until it is over, and how it is put back.

The database is copied by SQLite; files beside it are linked, for what writes them never changes
one in its place. Left out is what the box makes anew by itself, and what no version changes.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time

from appliance.data_dir import open_data_dir
from appliance.errors import InstallationError
from appliance.installation.whole_files import (
    remove,
    sync_file,
    sync_folder,
    sync_tree,
    write_whole,
)
from appliance.store.snapshot import copy_database, rows_in, shape_of

DATABASE = "appliance.sqlite3"
FILES = "files"
_SAID = "kept.json"
_NOT_KEPT = {"updates", "backups", "models", "kv", "appliance.lock", "restored"}


@dataclass(frozen=True, slots=True)
class Kept:
    """`shape` is the database's, `rows` what people had made in it: by table, how many rows and the
    key of the newest.
    """

    shape: int
    rows: dict[str, list[int]]
    at: int


def keep(data: Path, folder: Path, *, with_files: bool) -> Kept:
    """Copy what there is into a new folder, which is whole or not there. Raises InstallationError,
    StoreError, OSError.
    """
    if not (data / DATABASE).is_file():
        raise InstallationError(f"There is no box in {data}.")
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.new")
    remove(unfinished)
    unfinished.mkdir(mode=0o700)
    copy_database(data / DATABASE, unfinished / DATABASE)
    _keep_files(data, unfinished / FILES if with_files else unfinished, with_files)
    kept = _described(unfinished / DATABASE)
    write_whole(unfinished / _SAID, json.dumps(asdict(kept)).encode(), 0o600)
    sync_tree(unfinished)
    remove(folder)
    os.replace(unfinished, folder)
    sync_folder(folder.parent)
    return kept


def kept_in(folder: Path) -> Kept:
    """What was kept there. Raises InstallationError when there is nothing."""
    try:
        return Kept(**json.loads((folder / _SAID).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise InstallationError(f"There is no copy of the data in {folder}.") from error


def now(data: Path) -> Kept:
    """The same of what there is at this moment. Raises StoreError."""
    return _described(data / DATABASE)


def put_back(data: Path, folder: Path) -> None:
    """Let everything be as it was kept; done again from wherever it was cut off. Raises
    StoreRefused while a box runs on it, and InstallationError, OSError.
    """
    kept_in(folder)
    with open_data_dir(data):
        beside = data / f".{DATABASE}.returning"
        shutil.copyfile(folder / DATABASE, beside)
        beside.chmod(0o600)
        sync_file(beside)
        # They belong to the one that goes, and would be taken for the other's.
        for name in (f"{DATABASE}-wal", f"{DATABASE}-shm"):
            (data / name).unlink(missing_ok=True)
        sync_folder(data)
        os.replace(beside, data / DATABASE)
        sync_folder(data)
        for file in sorted((folder / FILES).rglob("*")):
            if file.is_file():
                _link_back(file, data / file.relative_to(folder / FILES))


def _described(database: Path) -> Kept:
    return Kept(shape_of(database), rows_in(database), int(time()))


def _keep_files(data: Path, to: Path, with_files: bool) -> None:
    """All of them, or for a mere try only those without which a box does not open."""
    for path in sorted(data.iterdir()):
        if path.name.startswith((DATABASE, ".")) or path.name in _NOT_KEPT:
            continue
        if path.is_symlink() or not (with_files or path.name in ("page.key", "tls")):
            continue
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and not file.is_symlink():
                target = to / file.relative_to(data)
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                if with_files:
                    os.link(file, target)
                else:
                    shutil.copy2(file, target)


def _link_back(kept: Path, place: Path) -> None:
    if place.is_file() and not place.is_symlink() and place.samefile(kept):
        return
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.returning")
    beside.unlink(missing_ok=True)
    os.link(kept, beside)
    os.replace(beside, place)
    sync_folder(place.parent)

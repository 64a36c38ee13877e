"""Reading a backup back: into a folder of its own, believed only when every checksum was right."""

import os
from pathlib import Path
from typing import BinaryIO

from appliance.backups.encryption import unlocked
from appliance.backups.manifest import DATABASE, Manifest
from appliance.backups.pace import Pace
from appliance.backups.tar import TarReader
from appliance.backups.workplace import check_room
from appliance.errors import BackupRefused
from appliance.model_files.atomic_file import adopt, sync_directory
from appliance.store import backup
from appliance.store.migrations import MIGRATIONS


def unpack(
    file: BinaryIO,
    folder: Path,
    passphrase: str | None,
    pace: Pace,
    *,
    only_check_files: bool = False,
) -> Manifest:
    """Everything in it, into `folder`, which is made; `only_check_files` writes the database alone.

    Raises BackupRefused, BackupError when there is no room, OSError. What is in the folder then is
    of no use.
    """
    with unlocked(file, passphrase) as plain:
        reader = TarReader(plain)
        manifest = reader.manifest
        _check_shape(manifest)
        members = manifest.members[:1] if only_check_files else manifest.members
        check_room({folder.parent: sum(each.size_bytes for each in members)})
        folder.mkdir(mode=0o700)
        adopt(folder)
        for member in manifest.members:
            if only_check_files and member.name != DATABASE:
                for _ in reader.content(member):
                    pace.rest()
                continue
            with _new_file(folder / member.name) as written:
                for piece in reader.content(member):
                    written.write(piece)
                    pace.rest()
                written.flush()
                os.fsync(written.fileno())
        reader.finish()
    for each in {folder, *(path for path in folder.iterdir() if path.is_dir())}:
        sync_directory(each)
    if trouble := backup.trouble(folder / DATABASE, pace.rest):
        raise BackupRefused(
            f"The database in this backup is damaged ({trouble}). Take another one."
        )
    return manifest


def _check_shape(manifest: Manifest) -> None:
    newest = MIGRATIONS[-1].number
    if manifest.shape > newest:
        raise BackupRefused(
            f"This backup comes from a newer version, appliance {manifest.appliance} (its shape is "
            f"number {manifest.shape}, this version knows {newest}). Install that version, then "
            "restore it."
        )


def _new_file(path: Path) -> BinaryIO:
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700)
        adopt(path.parent)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.fdopen(os.open(path, flags, 0o600), "wb")
    adopt(path)
    return file

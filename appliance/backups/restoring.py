"""Restoring: everything is unpacked beside, checked and brought to the newest shape, and only then
takes the place of what there is, in one step.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.backups import switching
from appliance.backups.manifest import DATABASE, Manifest
from appliance.backups.pace import Pace
from appliance.backups.unpacking import unpack
from appliance.backups.workplace import as_backup_error, workplace
from appliance.errors import BackupError
from appliance.model_files.atomic_file import adopt, make_directory, sync_directory
from appliance.store import backup
from appliance.store.database import Database

_WAITS = (
    "Another restored box waits in this directory for the next start. Start the appliance, or run "
    "this again when it has started."
)


@dataclass(frozen=True, slots=True)
class Staged:
    """A backup that was found whole and lies beside the box. Nothing has changed yet."""

    data_dir: Path
    manifest: Manifest
    folder: Path

    def offer(self) -> str:
        """It is to take the box's place; the name of the folder where the old one goes."""
        before = f"before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        try:
            switching.offer(self.data_dir, self.folder, before)
        except OSError as error:
            raise as_backup_error(error, self.data_dir) from error
        return before


@contextmanager
def staged(data_dir: Path, file: Path, passphrase: str | None, pace: Pace) -> Iterator[Staged]:
    """Unpack and check it; nothing is left of it after the block unless it was offered.

    Must not be called where an event loop runs. Raises BackupError.
    """
    try:
        make_directory(data_dir)
        with workplace(data_dir) as work:
            if switching.is_offered(data_dir):
                raise BackupError(_WAITS)
            folder = work / "restored"
            with file.open("rb") as opened:
                manifest = unpack(opened, folder, passphrase, pace)
            # The box's own go, even if this one has none: they belong to the database of then.
            (folder / "documents").mkdir(mode=0o700, exist_ok=True)
            adopt(folder / "documents")
            backup.sign_everybody_out(folder / DATABASE)
            yield Staged(data_dir, manifest, folder)
    except OSError as error:
        raise as_backup_error(error, file) from error


async def bring_up_to_date(staged: Staged) -> None:
    """The database of an older version gets what it lacks. Raises StoreError."""
    folder = staged.folder
    database = await Database.open(folder / DATABASE)
    await database.close()
    for name in (f"{DATABASE}-wal", f"{DATABASE}-shm"):
        (folder / name).unlink(missing_ok=True)
    with (folder / DATABASE).open("rb") as file:
        os.fsync(file.fileno())
    sync_directory(folder)

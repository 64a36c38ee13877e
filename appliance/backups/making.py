"""Making a backup, beside a box that goes on: copied, written, read back and checked.

It is done in a process of its own, never in the one that serves: closing a file of the database
there would take SQLite's locks from its connections.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, time
from typing import BinaryIO

from pysqlite3 import dbapi2 as sqlite

from appliance import __version__
from appliance.backups import record
from appliance.backups.contents import gather, member_of, pieces_of
from appliance.backups.encryption import Lock, locked
from appliance.backups.manifest import DATABASE, FORMAT, Counts, Manifest
from appliance.backups.pace import Pace
from appliance.backups.record import LastBackup, LastFailure, Record
from appliance.backups.tar import TarWriter
from appliance.backups.unpacking import unpack
from appliance.backups.workplace import as_backup_error, check_room, workplace
from appliance.errors import ApplianceError, BackupError, BackupRefused
from appliance.model_files.atomic_file import adopt, make_directory, sync_directory
from appliance.sentences import say
from appliance.store import backup

_LEFT_OVER_SECONDS = 86_400
"""Of another box, a younger one may be growing still."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be backed up, and where to. `settings` is the file that they stand in, if any;
    `model` is the one that answers, which is not in it.
    """

    data_dir: Path
    target: Path
    passphrase: str | None = None
    settings: Path | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was read back and found whole."""

    path: Path
    manifest: Manifest
    size_bytes: int


def make(plan: Plan, pace: Pace) -> Made:
    """Make it, check it and note how it went. Raises BackupError; then the target is as it was."""
    began = monotonic()
    if not (plan.data_dir / DATABASE).is_file():
        raise BackupError(
            say(
                "There is no box in %(folder)s. Name its directory with --data.",
                folder=plan.data_dir,
            )
        )
    try:
        with workplace(plan.data_dir) as folder:
            made = _make(plan, folder, pace)
    except ApplianceError as error:
        _note(plan.data_dir, LastFailure(int(_now().timestamp()), str(error)))
        raise
    seconds = round(monotonic() - began, 1)
    path = str(made.path.absolute())
    _note(plan.data_dir, LastBackup(path, made.manifest.made_at, made.size_bytes, seconds))
    return made


def _make(plan: Plan, folder: Path, pace: Pace) -> Made:
    database = plan.data_dir / DATABASE
    try:
        make_directory(plan.target.parent)
        if plan.target.exists():
            raise BackupError(
                say("%(path)s is there already. Choose another name.", path=plan.target)
            )
        lock = None if plan.passphrase is None else Lock(plan.passphrase)
        manifest, found = _prepare(plan, folder, database, pace)
        check_room({plan.target.parent: manifest.size_bytes})
        with _new_file(plan.target) as (file, unfinished):
            _write(file, manifest, found, lock, pace)
            file.flush()
            os.fsync(file.fileno())
            # Room for the copy that is made of it now.
            (folder / DATABASE).unlink()
            _read_back(unfinished, folder / "restored", plan.passphrase, pace)
            os.replace(unfinished, plan.target)
        sync_directory(plan.target.parent)
        return Made(plan.target, manifest, plan.target.stat().st_size)
    except sqlite.Error as error:
        raise BackupError(
            say(
                "The database could not be copied (%(reason)s); see to the disk.", reason=str(error)
            )
        ) from error
    except OSError as error:
        raise as_backup_error(error, plan.target) from error


def _read_back(file: Path, folder: Path, passphrase: str | None, pace: Pace) -> None:
    try:
        with file.open("rb") as written:
            unpack(written, folder, passphrase, pace, only_check_files=True)
    except BackupRefused as error:
        raise BackupError(
            say(
                "The backup was not whole when it was read back (%(reason)s). It was thrown away; "
                "see to the disk.",
                reason=str(error),
            )
        ) from error


def _prepare(
    plan: Plan, folder: Path, database: Path, pace: Pace
) -> tuple[Manifest, dict[str, Path]]:
    copy, wal = folder / DATABASE, database.with_name(f"{DATABASE}-wal")
    size_bytes = database.stat().st_size + (wal.stat().st_size if wal.exists() else 0)
    check_room({folder: size_bytes, plan.target.parent: size_bytes})
    made_at = _now()
    backup.copy(database, copy, pace.rest)
    pace.step_aside()
    backup.sign_everybody_out(copy)
    found = gather(plan.data_dir, folder, plan.settings, is_locked=plan.passphrase is not None)
    manifest = Manifest(
        format=FORMAT,
        appliance=__version__,
        shape=backup.shape(copy),
        made_at=int(made_at.timestamp()),
        model=plan.model,
        counts=Counts(**backup.counts(copy)),
        members=[member_of(name, path, pace) for name, path in found.items()],
    )
    return manifest, found


def _write(
    file: BinaryIO, manifest: Manifest, found: dict[str, Path], lock: Lock | None, pace: Pace
) -> None:
    if lock is not None:
        with locked(file, lock) as body:
            _write(body, manifest, found, None, pace)
        return
    writer = TarWriter(file, manifest)
    for member in manifest.members:
        writer.begin(member)
        for piece in pieces_of(found[member.name], pace):
            writer.piece(piece)
        writer.end(member)
    writer.close()


@contextmanager
def _new_file(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file for this user alone, under a name by which nobody takes it for a backup."""
    for left_over in target.parent.glob(".unfinished-appliance-*.tar"):
        if left_over.stat().st_mtime < time() - _LEFT_OVER_SECONDS:
            left_over.unlink(missing_ok=True)
    unfinished = target.with_name(f".unfinished-{target.name}")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(unfinished, flags, 0o600), "w+b") as file:
            adopt(unfinished)
            yield file, unfinished
    finally:
        unfinished.unlink(missing_ok=True)


def _note(data_dir: Path, news: LastBackup | LastFailure) -> None:
    made = news if isinstance(news, LastBackup) else record.read(data_dir).made
    failure = news if isinstance(news, LastFailure) else None
    with suppress(OSError):  # a full disk: whoever waits for it is told all the same
        record.write(data_dir, Record(made, failure))


def _now() -> datetime:
    return datetime.now(UTC)

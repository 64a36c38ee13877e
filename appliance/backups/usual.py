"""The backup that the settings ask for: into the usual folder, of which only some stay.

It is told what to do in one value, because the box that serves has it made by a child process:
closing a file of the database in its own would take SQLite's locks from its connections.
"""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from appliance.backups import kept
from appliance.backups.making import Made, Plan, make
from appliance.backups.pace import Pace
from appliance.model_files.library import ModelLibrary
from appliance.settings import Settings
from appliance.settings_engine import DEFAULT_MODEL
from appliance.settings_sources import settings_files


class Usual(msgspec.Struct, frozen=True):
    """All that has to be known for one; paths as text."""

    data_dir: str
    folder: str
    passphrase: str | None
    settings: str | None
    model: str
    daily: int
    weekly: int

    def plan(self, target: Path | None = None) -> Plan:
        """For that file, or for one of the folder that is named after this moment."""
        name = kept.file_name(datetime.now(UTC), is_locked=self.passphrase is not None)
        return Plan(
            Path(self.data_dir),
            target or Path(self.folder) / name,
            self.passphrase,
            Path(self.settings) if self.settings else None,
            self.model,
        )


def usual(settings: Settings) -> Usual:
    """What the settings say."""
    files = settings_files()
    return Usual(
        data_dir=str(settings.data_dir),
        folder=str(settings.backup.folder or settings.data_dir / kept.FOLDER),
        passphrase=_passphrase(settings),
        settings=str(files[-1]) if files else None,
        model=_model(settings),
        daily=settings.backup.daily,
        weekly=settings.backup.weekly,
    )


def make_usual(wanted: Usual, pace: Pace) -> tuple[Made, list[Path]]:
    """The backup, and those that were older than what stays. Raises BackupError."""
    made = make(wanted.plan(), pace)
    gone = []
    for each in kept.surplus(kept.kept_in(made.path.parent), wanted.daily, wanted.weekly):
        with suppress(OSError):  # it goes another time
            each.path.unlink()
            gone.append(each.path)
    return made, gone


def _passphrase(settings: Settings) -> str | None:
    secret = settings.backup.passphrase
    # systemd gives an empty one where there is no file.
    return (secret.get_secret_value().rstrip("\r\n") if secret else "") or None


def _model(settings: Settings) -> str:
    if settings.engine.url:
        return settings.engine.url
    return ModelLibrary(settings.model_dir, {}).chosen(settings.model.name, DEFAULT_MODEL)

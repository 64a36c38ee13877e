"""What the settings say of backups: where they go, under which name, and which go in the end."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from appliance.backups import kept
from appliance.model_files.library import ModelLibrary
from appliance.settings import Settings
from appliance.settings_engine import DEFAULT_MODEL
from appliance.settings_sources import settings_files


def folder_of(settings: Settings) -> Path:
    """Where they lie unless told otherwise."""
    return settings.backup.folder or settings.data_dir / kept.FOLDER


def new_name(*, is_locked: bool) -> str:
    """The name of one that is made now."""
    return kept.file_name(datetime.now(UTC), is_locked)


def drop_surplus(settings: Settings, folder: Path) -> list[Path]:
    """Delete those that need not stay; which these were."""
    gone = []
    surplus = kept.surplus(kept.kept_in(folder), settings.backup.daily, settings.backup.weekly)
    for each in surplus:
        with suppress(OSError):  # it goes another time
            each.path.unlink()
            gone.append(each.path)
    return gone


def settings_file() -> Path | None:
    """The file that the settings stand in; the strongest when there are several."""
    found = settings_files()
    return found[-1] if found else None


def model_of(settings: Settings) -> str:
    """Which model answers, for whoever restores the box and has to get it again."""
    if settings.engine.url:
        return settings.engine.url
    return ModelLibrary(settings.model_dir, {}).chosen(settings.model.name, DEFAULT_MODEL)

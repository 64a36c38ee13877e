"""Which backups lie in a folder, by their names: when each was made, and which may go."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FOLDER = "backups"
"""The folder in the data directory where they lie unless told otherwise."""

_NAME = re.compile(r"appliance-(\d{8}-\d{6})(\.locked)?\.tar")
_STAMP = "%Y%m%d-%H%M%S"


@dataclass(frozen=True, slots=True)
class Kept:
    """One that is there; `made_at` in UTC."""

    path: Path
    made_at: datetime
    is_locked: bool


def file_name(made_at: datetime, is_locked: bool) -> str:
    """The name of a backup of that moment."""
    return f"appliance-{made_at.astimezone(UTC):{_STAMP}}{'.locked' if is_locked else ''}.tar"


def kept_in(folder: Path) -> list[Kept]:
    """The newest first; nothing else that lies there counts. By name: a copy has another age."""
    try:
        found = [_kept(path) for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []
    return sorted((each for each in found if each), key=lambda each: each.made_at, reverse=True)


def surplus(backups: Iterable[Kept], daily: int, weekly: int) -> list[Kept]:
    """Those that may go: all but the last one of each of the newest `daily` days and of each of the
    newest `weekly` weeks from which there are any. The newest stays whatever is asked.
    """
    newest_first = sorted(backups, key=lambda each: each.made_at, reverse=True)
    days: dict[object, Kept] = {}
    weeks: dict[object, Kept] = {}
    for each in newest_first:
        days.setdefault(each.made_at.date(), each)
        weeks.setdefault(each.made_at.isocalendar()[:2], each)
    stay = [*newest_first[:1], *list(days.values())[:daily], *list(weeks.values())[:weekly]]
    return [each for each in newest_first if each not in stay]


def _kept(path: Path) -> Kept | None:
    name = _NAME.fullmatch(path.name)
    if name is None:
        return None
    try:
        made_at = datetime.strptime(name[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:  # no such day
        return None
    return Kept(path, made_at, is_locked=name[2] is not None)

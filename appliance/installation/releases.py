"""The versions that are installed, and which of them runs.

A version is whole when `installed.json` lies in it; that file is written last. One without it was
interrupted: the next try goes on with it, for each step of `scripts/set_up.sh` leaves its own mark.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import InstallationError
from appliance.installation.places import Places
from appliance.installation.whole_files import point, remove, write_whole

MARK = "installed.json"
_NAME = re.compile(r"[0-9][0-9A-Za-z.+-]*-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Release:
    """One version in its folder."""

    folder: Path

    @property
    def name(self) -> str:
        """Such as `0.1.0-1f2e3d4c`."""
        return self.folder.name

    @property
    def python(self) -> Path:
        """The one that everything of this version runs with."""
        return self.folder / "venv/bin/python"

    @property
    def is_whole(self) -> bool:
        """Whether its installation came to its end."""
        return (self.folder / MARK).is_file()

    def mark_whole(self, said: dict[str, object]) -> None:
        """From now on it may run."""
        write_whole(self.folder / MARK, json.dumps(said, indent=1).encode() + b"\n")


def release(places: Places, name: str) -> Release:
    """The one of that name, whole or not. Raises InstallationError for what cannot be one."""
    if not _NAME.fullmatch(name):
        raise InstallationError(f"{name!r} is no version of the appliance.")
    return Release(places.releases / name)


def all_releases(places: Places) -> list[Release]:
    """Every one that is whole, by name."""
    try:
        folders = sorted(places.releases.iterdir())
    except FileNotFoundError:
        return []
    found = [Release(each) for each in folders if each.is_dir() and _NAME.fullmatch(each.name)]
    return [each for each in found if each.is_whole]


def running(places: Places) -> Release | None:
    """The one that `current` leads to; None before the first installation."""
    try:
        name = places.current.readlink().name
    except OSError:
        return None
    found = Release(places.releases / name)
    return found if found.is_whole else None


def make_current(places: Places, chosen: Release) -> None:
    """From one moment to the next."""
    point(places.current, chosen.name)


def remove_others(places: Places, *kept: Release) -> None:
    """All versions but these, and what interrupted installations left."""
    names = {each.name for each in kept}
    for folder in places.releases.iterdir():
        left_behind = folder.name.startswith(".") and folder.name.endswith(".going")
        if left_behind or (_NAME.fullmatch(folder.name) and folder.name not in names):
            remove(folder)

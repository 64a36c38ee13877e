"""How far an update is, on the disk before each step: whoever comes after a power cut reads it."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from appliance.errors import InstallationError
from appliance.installation.whole_files import sync_folder, write_whole


class Step(StrEnum):
    """What is being done; each can be done again from its beginning."""

    TRYING = "trying"
    """The new version runs on a copy. Nothing else has changed yet."""
    KEEPING = "keeping"
    """The old one stops, and its data is copied."""
    SWITCHING = "switching"
    """The copy is whole. From here on `current` says which version it is."""
    RETURNING = "returning"
    """The new one failed: the copy is put back, and the old one starts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The names of two releases, whether the box was running, and whether a person asked for the
    way back.
    """

    old: str
    new: str
    step: Step
    was_running: bool
    is_by_hand: bool = False


def read_entry(journal: Path) -> Entry | None:
    """None when nothing is half done. Raises InstallationError when it cannot be read."""
    try:
        said = json.loads(journal.read_bytes())
        return Entry(**{**said, "step": Step(said["step"])})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InstallationError(
            f"{journal} cannot be read ({error}), so nobody knows how far the last update came. "
            "Look which version /opt/appliance/current is, move that file away, and start again."
        ) from error


def write_entry(journal: Path, entry: Entry) -> None:
    """On the disk when this returns."""
    write_whole(journal, json.dumps(asdict(entry)).encode() + b"\n")


def close(journal: Path) -> None:
    """Nothing is half done any more."""
    journal.unlink(missing_ok=True)
    sync_folder(journal.parent)

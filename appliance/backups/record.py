"""How the last backup went: a small file in the data directory, read by whoever wants to know."""

from pathlib import Path

import msgspec

from appliance.backups import kept
from appliance.model_files.atomic_file import write_atomically

_FILE = "backups.json"


class LastBackup(msgspec.Struct, frozen=True):
    """The last one that was made and found whole; `made_at` in seconds since 1970."""

    path: str
    made_at: int
    size_bytes: int
    seconds: float


class LastFailure(msgspec.Struct, frozen=True):
    """Why the last try came to nothing, if it did."""

    at: int
    sentence: str


class Record(msgspec.Struct, frozen=True):
    """A success ends the failure before it; a failure leaves the last success."""

    made: LastBackup | None = None
    failure: LastFailure | None = None


def read(data_dir: Path) -> Record:
    """An empty one when nothing is known."""
    try:
        return msgspec.json.decode((data_dir / _FILE).read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return Record()


def write(data_dir: Path, record: Record) -> None:
    """Raises OSError."""
    write_atomically(data_dir / _FILE, msgspec.json.encode(record))


def newest(data_dir: Path) -> Path | None:
    """The newest backup that is known of: the last one made, if it is there still, or the newest in
    the usual folder.
    """
    made = read(data_dir).made
    try:
        if made is not None and Path(made.path).is_file():
            return Path(made.path)
    except OSError:  # a disk that is not to be read
        pass
    found = kept.kept_in(data_dir / kept.FOLDER)
    return found[0].path if found else None

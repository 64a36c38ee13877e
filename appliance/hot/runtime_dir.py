"""The private directory that a Valkey server runs in: socket, settings, maybe its binary."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from appliance.hot.left_over import PREFIX, SETTINGS_NAME, lock, remove_left_over
from appliance.hot.valkey_settings import settings_text

# A socket's path has room for 107 bytes, wherever the directory is.
LONGEST_SOCKET_PATH = 107
SOCKET_NAME = "valkey.sock"


class RuntimeDir:
    """A new directory for this process and user alone (0700). Raises OSError when there is none.

    Those that killed processes left where it might be are removed.
    """

    def __init__(self, parent: Path | None = None) -> None:
        places = list(_places(parent))
        remove_left_over(places)
        self.path, self._lock = _new_directory(places)
        self.socket = self.path / SOCKET_NAME
        self.settings = self.path / SETTINGS_NAME

    def write_settings(self, memory_mb: int, extra: Sequence[str] = ()) -> None:
        """Everything the server shall know; `extra` lines come last."""
        self.settings.write_text(settings_text(self.socket, self.path, memory_mb, extra))
        self.settings.chmod(0o600)

    def executable(self, binary: Path) -> Path:
        """The binary itself, or a copy that may be run when an installer lost its mode bit."""
        if os.access(binary, os.X_OK):
            return binary
        copy = self.path / binary.name
        shutil.copyfile(binary, copy)
        copy.chmod(0o700)
        return copy

    def remove(self) -> None:
        """Removes it with all it holds, once."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _places(parent: Path | None) -> Iterator[Path]:
    """Where it may be, the best place first."""
    # systemd gives RUNTIME_DIRECTORY (several are joined by colons), a log-in XDG_RUNTIME_DIR.
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    wanted = (parent, given, os.environ.get("XDG_RUNTIME_DIR"), "/tmp")
    return (Path(place) for place in wanted if place)


def _new_directory(places: Sequence[Path]) -> tuple[Path, int]:
    """A directory and what holds it."""
    refused: OSError | None = None
    for place in places:
        try:
            path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        except OSError as error:
            refused = error
            continue
        try:
            if len(os.fsencode(path / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
                return path, lock(path)
        except OSError as error:
            refused = error
        shutil.rmtree(path, ignore_errors=True)
    raise refused or OSError("every directory's path is too long for a socket")

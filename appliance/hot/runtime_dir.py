"""The private directory that a Valkey server runs in: socket, settings, maybe its binary."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

# A socket's path has room for 107 bytes, wherever the directory is.
LONGEST_SOCKET_PATH = 107
SOCKET_NAME = "valkey.sock"


class RuntimeDir:
    """A new directory for this process and user alone (0700). Raises OSError when there is none."""

    def __init__(self, parent: Path | None = None) -> None:
        self.path = _new_directory(parent)
        self.socket = self.path / SOCKET_NAME
        self.settings = self.path / "valkey.conf"

    def write_settings(self, memory_mb: int, extra: Sequence[str] = ()) -> None:
        """Everything the server shall know; `extra` lines come last."""
        lines = (
            "port 0",  # No TCP at all: only who may open the socket may ask.
            f"unixsocket {_quoted(self.socket)}",
            "unixsocketperm 700",
            f"dir {_quoted(self.path)}",
            "daemonize no",
            # Nothing reaches the disk: what must survive stands in SQLite.
            'save ""',
            "appendonly no",
            f"maxmemory {memory_mb}mb",
            "maxmemory-policy allkeys-lru",
            "maxclients 128",
            # A crash report would print the command that was running, and so a person's words.
            "crash-log-enabled no",
            "databases 1",
            # What the appliance needs and no more: no scripts, no configuration, no flush.
            "user default on nopass resetchannels ~* "
            "-@all +@read +@write +@connection +@transaction -@dangerous -@scripting",
            *extra,
        )
        self.settings.write_text("\n".join(lines) + "\n")
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
        """Removes it with all it holds."""
        shutil.rmtree(self.path, ignore_errors=True)


def _new_directory(parent: Path | None) -> Path:
    # systemd gives RUNTIME_DIRECTORY (several are joined by colons), a log-in XDG_RUNTIME_DIR.
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    wanted = (parent, given, os.environ.get("XDG_RUNTIME_DIR"), "/tmp")
    refused: OSError | None = None
    for place in wanted:
        if not place:
            continue
        try:
            path = Path(tempfile.mkdtemp(prefix="appliance-", dir=place))
        except OSError as error:
            refused = error
            continue
        if len(os.fsencode(path / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return path
        path.rmdir()
    raise refused or OSError("every directory's path is too long for a socket")


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

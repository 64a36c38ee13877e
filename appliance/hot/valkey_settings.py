"""What every Valkey of ours is told: on a socket, for its owner, and nothing on a disk."""

from collections.abc import Sequence
from pathlib import Path


def settings_text(socket: Path, directory: Path, memory_mb: int, extra: Sequence[str] = ()) -> str:
    """The whole settings file; `extra` lines come last."""
    lines = (
        "port 0",  # No TCP at all: only who may open the socket may ask.
        f"unixsocket {_quoted(socket)}",
        "unixsocketperm 700",
        f"dir {_quoted(directory)}",
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
    return "\n".join(lines) + "\n"


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

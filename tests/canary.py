"""Looking for a word everywhere it could have been left: in files, and in Valkey."""

import os
from collections.abc import Iterator
from pathlib import Path

from valkey import Valkey


def in_files(word: str, *folders: Path, pids: tuple[int, ...] = ()) -> set[str]:
    """Where the word stands: in any file under the folders, and in any that the processes have open
    or mapped, deleted ones included. As text, or as token ids of a scripted model.
    """
    needles = (word.encode(), word.encode("utf-16-le"), word.encode("utf-32-le"))
    places = [path for folder in folders for path in folder.rglob("*")]
    places += [path for pid in pids for path in _held_by(pid)]
    return {str(place) for place in places if _holds(place, needles)}


def family(pid: int) -> tuple[int, ...]:
    """The process and all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (pid, *(one for child in children for one in family(int(child))))


def in_valkey(word: str, url: str) -> set[str]:
    """The keys whose value holds the word, whatever it is."""
    with Valkey.from_url(url) as client:
        return {
            key.decode()
            for key in client.scan_iter()
            if word.encode() in repr_of(client, key) or word.encode() in key
        }


def repr_of(client: Valkey, key: bytes) -> bytes:
    """A value's bytes, one after the other."""
    match client.type(key):
        case b"list":
            return b"".join(client.lrange(key, 0, -1))
        case b"stream":
            entries = client.xrange(key)
            return b"".join(value for _, fields in entries for value in fields.values())
        case kind:
            raise AssertionError(f"a {kind.decode()} in Valkey: this test cannot read it yet")


def _held_by(pid: int) -> Iterator[Path]:
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        path = Path(f"/proc/{pid}/fd/{descriptor}")
        if path.is_file():
            yield path
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        _, rights, _, _, inode, *name = line.split(maxsplit=5)
        if inode != "0" and "w" in rights and "s" in rights:
            yield Path(name[0].removesuffix(" (deleted)"))


def _holds(path: Path, needles: tuple[bytes, ...]) -> bool:
    try:
        content = path.read_bytes() if path.is_file() else b""
    except FileNotFoundError:  # it went while we were on our way to it
        return False
    return any(needle in content for needle in needles)

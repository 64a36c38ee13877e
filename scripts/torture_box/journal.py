"""What recorder.c wrote down: changes to files and folders, syncs, and the marks of clients."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_HEAD = struct.Struct("=cQQI")


class Kind(Enum):
    """One letter an entry, as in recorder.c."""

    CREATED = b"C"
    WROTE = b"W"
    TRUNCATED = b"T"
    SYNCED = b"S"
    FOLDER_SYNCED = b"D"
    UNLINKED = b"U"
    RENAMED = b"R"
    FOLDER_MADE = b"K"
    MARK = b"M"


@dataclass(frozen=True, slots=True)
class Entry:
    """`inode` says which file; `content` is what was written, or a name below the root."""

    kind: Kind
    inode: int
    offset: int
    content: bytes

    @property
    def name(self) -> str:
        return os.fsdecode(self.content)


def read_journal(path: Path) -> Iterator[Entry]:
    """Every entry in the order in which it happened."""
    with path.open("rb") as file:
        while head := file.read(_HEAD.size):
            letter, inode, offset, length = _HEAD.unpack(head)
            content = file.read(length)
            assert len(content) == length, "the journal is cut short"
            yield Entry(Kind(letter), inode, offset, content)


class Marker:
    """Puts marks into a journal that a process is writing at the same time."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def mark(self, words: str) -> None:
        """In one write, so that it never stands in the middle of another entry."""
        content = words.encode()
        os.write(self._fd, _HEAD.pack(Kind.MARK.value, 0, 0, len(content)) + content)

    def close(self) -> None:
        os.close(self._fd)

"""One file on a disk whose power may go at any moment.

What was synced is there. Of everything later each sector of 512 bytes holds what the page cache
held at some moment between the last sync and the cut: nothing of it, some of it or all, whatever
its neighbours hold. So writes are lost, kept, torn and out of order. The size is a matter of its
own: it may be newer than the bytes (then there are noughts) or older (then they cannot be seen).
"""

import random
from dataclasses import dataclass

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Write:
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncation:
    size: int


class File:
    """Its content as of the last sync, and what was done to it since."""

    def __init__(self) -> None:
        self._synced = bytearray()
        self._since: list[Write | Truncation] = []

    @property
    def unsynced(self) -> int:
        """How many changes no sync has made safe."""
        return len(self._since)

    def change(self, change: Write | Truncation) -> None:
        self._since.append(change)

    def sync(self) -> None:
        """Everything up to here is safe."""
        for change in self._since:
            _apply(self._synced, change)
        self._since.clear()

    def as_written(self) -> bytearray:
        """As the process itself sees it."""
        content = bytearray(self._synced)
        for change in self._since:
            _apply(content, change)
        return content

    def after_cut(self, luck: random.Random) -> bytearray:
        """What may be found after the power has gone."""
        if not self._since:
            return bytearray(self._synced)
        when = _Moments(luck, len(self._since))
        content, size = bytearray(self._synced), len(self._synced)
        for at, change in enumerate(self._since):
            if isinstance(change, Truncation):
                if at >= when.of_size:
                    break  # What comes later lies in blocks that no size known here reaches.
                size = change.size
                _resize(content, size)
                continue
            if at < when.of_size:
                size = max(size, change.offset + len(change.content))
            for sector, start, end in _sectors(change):
                if at < when.of_sector(sector):
                    _put(content, change.offset + start, change.content[start:end])
        _resize(content, size)
        return content


class _Moments:
    """For the size and for each sector: how many of the changes had reached the disk."""

    def __init__(self, luck: random.Random, changes: int) -> None:
        self._luck = luck
        self._changes = changes
        self._of_sector: dict[int, int] = {}
        # Now and then the disk did all it was asked, or nothing, or everything in order.
        self._all = luck.choice((None, None, 0, changes, luck.randint(0, changes)))
        self.of_size = self._draw()

    def of_sector(self, sector: int) -> int:
        if sector not in self._of_sector:
            self._of_sector[sector] = self._draw()
        return self._of_sector[sector]

    def _draw(self) -> int:
        return self._luck.randint(0, self._changes) if self._all is None else self._all


def _sectors(write: Write) -> list[tuple[int, int, int]]:
    """Number, start and end of each piece of the write that lies in one sector."""
    pieces, start = [], 0
    while start < len(write.content):
        sector, inside = divmod(write.offset + start, SECTOR)
        end = min(len(write.content), start + SECTOR - inside)
        pieces.append((sector, start, end))
        start = end
    return pieces


def _apply(content: bytearray, change: Write | Truncation) -> None:
    if isinstance(change, Truncation):
        _resize(content, change.size)
    else:
        _put(content, change.offset, change.content)


def _put(content: bytearray, offset: int, piece: bytes) -> None:
    if len(content) < offset:
        _resize(content, offset)
    content[offset : offset + len(piece)] = piece


def _resize(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))

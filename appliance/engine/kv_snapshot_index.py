"""Which KV snapshots there are, and which of them serves a prompt. Pure: it never sees a file."""

from array import array
from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence as Tokens
from dataclasses import dataclass

from appliance.engine.kv_cells import common_prefix_length
from appliance.engine.kv_snapshot_file import SnapshotHeader

_FIRST_LOOK_TOKENS = 64


@dataclass(frozen=True, eq=False, slots=True)
class SnapshotEntry:
    """One file. `file_bytes` is what it takes of the disk."""

    name: str
    header: SnapshotHeader
    file_bytes: int


class SnapshotIndex:
    """All snapshots in order of their use, those of other models among them: they take room too.

    A withheld one is never found again, but counts and can be forgotten until its file is gone.
    """

    def __init__(self) -> None:
        self._entries: dict[str, SnapshotEntry] = {}
        self._withheld: set[str] = set()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def used_bytes(self) -> int:
        return sum(entry.file_bytes for entry in self._entries.values())

    def bytes_by_owner(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for entry in self._entries.values():
            total[entry.header.owner] += entry.file_bytes
        return dict(total)

    def add(self, entry: SnapshotEntry) -> None:
        """The most recently used one from now on."""
        self._entries[entry.name] = entry

    def mark_used(self, entry: SnapshotEntry) -> None:
        if self._entries.pop(entry.name, None) is not None:
            self._entries[entry.name] = entry

    def withhold(self, entry: SnapshotEntry) -> None:
        if entry.name in self._entries:
            self._withheld.add(entry.name)

    def remove(self, entry: SnapshotEntry) -> None:
        self._entries.pop(entry.name, None)
        self._withheld.discard(entry.name)

    def is_usable(self, entry: SnapshotEntry) -> bool:
        return entry.name in self._entries and entry.name not in self._withheld

    def usable(self, fingerprint: str) -> list[SnapshotEntry]:
        """Those of one model, most recently used first."""
        return [
            entry
            for entry in reversed(self._entries.values())
            if entry.header.fingerprint == fingerprint and self.is_usable(entry)
        ]

    def of(self, owner: str, tag: str | None = None) -> list[SnapshotEntry]:
        """All of an owner, or those of one tag: of every model, withheld ones too."""
        return [
            entry
            for entry in self._entries.values()
            if entry.header.owner == owner and tag in (None, entry.header.tag)
        ]

    def covers(self, header: SnapshotHeader) -> bool:
        """Whether exactly these tokens are saved already."""
        return any(entry.header.is_same_as(header) for entry in self.usable(header.fingerprint))

    def superseded_by(self, header: SnapshotHeader) -> list[SnapshotEntry]:
        """Earlier states of the same conversation, which say nothing more than this one."""
        return [
            entry
            for entry in self.usable(header.fingerprint)
            if entry.header.is_beginning_of(header)
        ]

    def victims(
        self, needed_bytes: int, first: Iterable[SnapshotEntry] = ()
    ) -> list[SnapshotEntry] | None:
        """What to delete for so much room: `first`, then the least recently used.

        None when there is not so much to delete.
        """
        chosen: list[SnapshotEntry] = []
        held = [entry for entry in first if entry.name in self._entries]
        for entry in dict.fromkeys((*held, *self._entries.values())):
            if needed_bytes <= 0:
                break
            chosen.append(entry)
            needed_bytes -= entry.file_bytes
        return chosen if needed_bytes <= 0 else None


def find_longest(
    entries: Iterable[SnapshotEntry], owner: str, tokens: Tokens[int], public_tokens: int
) -> tuple[SnapshotEntry, int] | None:
    """The snapshot that shares most with `tokens`, and how many; of equals the smaller one.

    Between owners no more is shared than both call public, as in the prefix cache.
    """
    wanted = array("i", tokens)
    best, longest, beginning = None, 0, wanted[:0]
    for entry in entries:
        held = entry.header
        end = min(len(held.tokens), len(wanted))
        if held.owner != owner:
            end = min(end, held.public_tokens, public_tokens)
        if end < max(longest, 1) or not _begin_with(held.tokens, beginning):
            continue
        common = _common_prefix(held.tokens, wanted, longest, end)
        if common > longest or (best and common == longest and entry.file_bytes < best.file_bytes):
            best, longest, beginning = entry, common, wanted[:common]
    return (best, longest) if best is not None else None


def _begin_with(tokens: "array[int]", beginning: "array[int]") -> bool:
    """The last token is looked at first, for it tells most of them apart without a copy."""
    count = len(beginning)
    return not count or (tokens[count - 1] == beginning[-1] and tokens[:count] == beginning)


def _common_prefix(left: "array[int]", right: "array[int]", start: int, end: int) -> int:
    """How far both are equal, in time that grows with what is: most differ at once.

    They are equal up to `start`, and it does not matter what is behind `end`.
    """
    if start < end and left[start] != right[start]:
        return start
    step = _FIRST_LOOK_TOKENS
    while start < end:
        stop = min(start + step, end)
        common = common_prefix_length(left[start:stop], right[start:stop])
        if common < stop - start:
            return start + common
        start, step = stop, 2 * step
    return end

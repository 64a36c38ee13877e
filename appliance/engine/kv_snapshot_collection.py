"""All KV snapshots of a folder, with their index: finds, reads, writes and deletes them.

`read` and `write` belong to one thread; everything else may be called by any. The lock guards the
index and the counts and is never held while a file is touched, so `find` never waits for the disk.
"""

import logging
import threading
from collections.abc import Callable
from collections.abc import Sequence as Tokens
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.engine.kv_snapshot_file import (
    SnapshotDamaged,
    SnapshotHeader,
    read_header,
    read_state,
    snapshot_bytes,
    write_snapshot,
)
from appliance.engine.kv_snapshot_folder import SnapshotFolder
from appliance.engine.kv_snapshot_index import SnapshotEntry, SnapshotIndex, find_longest

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SnapshotCounts:
    """Since the start. `refused` were not saved: too large, no room, or the disk said no."""

    saved: int = 0
    loaded: int = 0
    evicted: int = 0
    refused: int = 0


class Abandoned(Exception):
    """Raised between two pieces of a save that is wanted no more."""


class SnapshotCollection:
    """The files take at most `limit_bytes`, whichever model they are of; the oldest used go."""

    def __init__(self, path: Path, key: bytes, limit_bytes: int) -> None:
        self._folder = SnapshotFolder(path)
        self._key = key
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._index = SnapshotIndex()
        self._counts = SnapshotCounts()
        self._is_failing = False

    @property
    def counts(self) -> SnapshotCounts:
        return self._counts

    @property
    def count(self) -> int:
        with self._lock:
            return len(self._index)

    @property
    def used_bytes(self) -> int:
        with self._lock:
            return self._index.used_bytes

    def bytes_by_owner(self) -> dict[str, int]:
        with self._lock:
            return self._index.bytes_by_owner()

    def open(self) -> None:
        """Read the beginning of each file, and delete what is over the limit. Raises OSError."""
        self._folder.open()
        for name in self._folder.names():
            self._take_in(name)
        self._evict(self._index.used_bytes - self._limit_bytes)

    def remove_all(self) -> None:
        """Delete all files unread. Raises OSError."""
        if self._folder.path.exists():
            self._folder.open()
            for name in self._folder.names():
                self._folder.remove(name)

    def find(
        self, fingerprint: str, owner: str, tokens: Tokens[int], public_tokens: int
    ) -> tuple[SnapshotEntry, int] | None:
        with self._lock:
            entries = self._index.usable(fingerprint)
        return find_longest(entries, owner, tokens, public_tokens)

    def covers(self, header: SnapshotHeader) -> bool:
        """Whether exactly these tokens are saved already."""
        with self._lock:
            return self._index.covers(header)

    def mark_used(self, entry: SnapshotEntry) -> None:
        with self._lock:
            self._index.mark_used(entry)

    def delete(self, owner: str, tag: str | None) -> tuple[int, int]:
        """All of an owner or one tag, of every model: how many went, and how many could not."""
        with self._lock:
            entries = self._index.of(owner, tag)
        deleted = sum(self._delete(entry) for entry in entries)
        return deleted, len(entries) - deleted

    def refuse(self, reason: str | None = None) -> None:
        """Count a state that is not saved; a reason is logged once until the next one is saved."""
        with self._lock:
            self._counts = replace(self._counts, refused=self._counts.refused + 1)
        if reason:
            self._complain(reason)

    def read(self, entry: SnapshotEntry) -> bytes | None:
        """The state; None when it is gone, forgotten or damaged."""
        with self._lock:
            if not self._index.is_usable(entry):
                return None
        try:
            with self._folder.reading(entry.name) as file:
                state = read_state(file, entry.header, self._key)
        except FileNotFoundError:
            with self._lock:
                self._index.remove(entry)
            return None
        except (SnapshotDamaged, OSError) as error:
            _log_damaged(entry.name, error)
            self._delete(entry)
            return None
        with suppress(OSError):  # A folder that can only be read still serves.
            self._folder.mark_used(entry.name)
        with self._lock:
            if not self._index.is_usable(entry):
                return None
            self._counts = replace(self._counts, loaded=self._counts.loaded + 1)
        return state

    def write(
        self, header: SnapshotHeader, state: memoryview, before_each_piece: Callable[[], None]
    ) -> None:
        """Save a state in place of what it supersedes, or refuse it. Raises Abandoned."""
        entry = SnapshotEntry(self._folder.new_name(), header, snapshot_bytes(header))
        if 2 * entry.file_bytes > self._limit_bytes:
            self.refuse()
            return
        try:
            with self._lock:
                superseded = self._index.superseded_by(header)
            if not self._make_room(entry.file_bytes, superseded):
                self.refuse("too little of the disk is free")
                return
            with self._folder.writing(entry.name) as file:
                write_snapshot(file, header, state, self._key, before_each_piece)
        except OSError as error:
            self.refuse(_reason(error))
            return
        with self._lock:
            self._index.add(entry)
            self._counts = replace(self._counts, saved=self._counts.saved + 1)
        self._is_failing = False
        for earlier in superseded:
            self._delete(earlier)

    def _make_room(self, file_bytes: int, superseded: list[SnapshotEntry]) -> bool:
        """Delete the superseded and then the oldest until this fits the limit and the disk.

        When the disk is so full that all of them would not be enough, none goes.
        """
        with self._lock:
            over_limit = self._index.used_bytes + file_bytes - self._limit_bytes
        over_disk = file_bytes - self._folder.free_bytes()
        return self._evict(max(over_limit, over_disk), superseded)

    def _evict(self, needed_bytes: int, first: list[SnapshotEntry] | None = None) -> bool:
        with self._lock:
            victims = self._index.victims(needed_bytes, first or ())
        if victims is None or not all(self._delete(entry) for entry in victims):
            return False
        evicted = len([entry for entry in victims if entry not in (first or ())])
        with self._lock:
            self._counts = replace(self._counts, evicted=self._counts.evicted + evicted)
        return True

    def _delete(self, entry: SnapshotEntry) -> bool:
        """Nobody finds it from now on, also when its file cannot be removed."""
        with self._lock:
            self._index.withhold(entry)
        try:
            self._folder.remove(entry.name)
        except OSError as error:
            self._complain(_reason(error))
            return False
        with self._lock:
            self._index.remove(entry)
        return True

    def _take_in(self, name: str) -> None:
        """What cannot be read could never be forgotten with its conversation, so it goes."""
        try:
            with self._folder.reading(name) as file:
                header = read_header(file, self._key)
        except FileNotFoundError:
            return
        except (SnapshotDamaged, OSError) as error:
            _log_damaged(name, error)
            self._folder.remove(name)
            return
        with self._lock:
            self._index.add(SnapshotEntry(name, header, snapshot_bytes(header)))

    def _complain(self, reason: str) -> None:
        if not self._is_failing:
            log.warning(
                "KV snapshots cannot be written to %s: %s. Conversations go on, but are read anew "
                "when they come back",
                self._folder.path,
                reason,
            )
        self._is_failing = True


def _log_damaged(name: str, error: SnapshotDamaged | OSError) -> None:
    reason = _reason(error)
    log.warning("the KV snapshot %s is deleted, for it cannot be used: %s", name, reason)


def _reason(error: SnapshotDamaged | OSError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)

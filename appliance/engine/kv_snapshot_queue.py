"""What waits for the thread that reads and writes KV snapshots. Nobody who puts something waits."""

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass

from appliance.engine.kv_snapshot_file import SnapshotHeader
from appliance.engine.kv_snapshot_index import SnapshotEntry


@dataclass(eq=False, slots=True)
class Save:
    """`is_abandoned`: it shall end as soon as it can, and leave no file."""

    header: SnapshotHeader
    state: memoryview
    is_abandoned: bool = False

    def is_of(self, owner: str, tag: str | None) -> bool:
        return self.header.owner == owner and tag in (None, self.header.tag)


@dataclass(eq=False, slots=True)
class Load:
    """Somebody waits for the answer, so it goes before every save."""

    entry: SnapshotEntry
    answer: "Future[bytes | None]"


class SnapshotQueue:
    """Holds at most `limit_bytes` of states, the one being written included, or a single one."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._changed = threading.Condition()
        self._loads: deque[Load] = deque()
        self._saves: deque[Save] = deque()
        self._current: Load | Save | None = None
        self._is_closed = False

    def put_load(self, load: Load) -> bool:
        """False when nobody will read it any more."""
        with self._changed:
            if self._is_closed:
                return False
            self._loads.append(load)
            self._changed.notify_all()
        return True

    def put_save(self, save: Save) -> bool:
        """False when there is no room for it. It replaces what it supersedes."""
        with self._changed:
            if self._is_closed:
                return False
            if any(other.header.is_same_as(save.header) for other in self._pending()):
                return True
            kept = [s for s in self._saves if not s.header.is_beginning_of(save.header)]
            held = [*kept, self._current] if isinstance(self._current, Save) else kept
            held_bytes = sum(len(other.state) for other in held)
            if held and held_bytes + len(save.state) > self._limit_bytes:
                return False
            self._saves = deque((*kept, save))
            self._changed.notify_all()
        return True

    def next(self) -> Load | Save | None:
        """Wait for the next one; None when the queue is closed. Say `done` when it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._loads or self._saves or self._is_closed)
            if self._loads:
                self._current = self._loads.popleft()
            elif self._saves:
                self._current = self._saves.popleft()
            return self._current

    def next_load(self) -> Load | None:
        """One that came while a save is being written."""
        with self._changed:
            return self._loads.popleft() if self._loads else None

    def done(self) -> None:
        with self._changed:
            self._current = None
            self._changed.notify_all()

    def drop_saves(self, owner: str, tag: str | None) -> None:
        """Take out all saves of an owner, or of one tag; wait for the one being written to end."""
        with self._changed:
            while True:
                self._saves = deque(s for s in self._saves if not s.is_of(owner, tag))
                if not isinstance(self._current, Save) or not self._current.is_of(owner, tag):
                    break
                self._current.is_abandoned = True
                self._changed.wait()
            self._changed.notify_all()

    def wait_idle(self, seconds: float) -> bool:
        """False when something is still waiting or being done by then."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not (self._loads or self._saves or self._current), seconds
            )

    def close(self) -> None:
        """Give up what still waits, and what is being written."""
        with self._changed:
            self._is_closed = True
            loads = list(self._loads)
            self._loads.clear()
            self._saves.clear()
            if isinstance(self._current, Save):
                self._current.is_abandoned = True
            self._changed.notify_all()
        for load in loads:
            if load.answer.set_running_or_notify_cancel():
                load.answer.set_result(None)

    def _pending(self) -> list[Save]:
        saves = list(self._saves)
        if isinstance(self._current, Save) and not self._current.is_abandoned:
            saves.append(self._current)
        return saves

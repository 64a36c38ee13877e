"""KV state on disk: a conversation that lost its seat comes back by load instead of prefill.

All reading and writing is done on one thread of its own, so that the compute thread never waits for
the disk: `find` looks into an index in memory, `save` and `load` queue. Only the `forget`s wait,
because what they promise is about files. A snapshot is disposable: whatever goes wrong with one
(disk full, file damaged, of another model) costs a prefill and nothing else. Any thread may call.
"""

import logging
import threading
from array import array
from collections.abc import Sequence as Tokens
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from appliance.engine.kv_snapshot_collection import (
    Abandoned,
    SnapshotCollection,
    SnapshotCounts,
)
from appliance.engine.kv_snapshot_file import KEY_BYTES, SnapshotHeader
from appliance.engine.kv_snapshot_index import SnapshotEntry
from appliance.engine.kv_snapshot_queue import Load, Save, SnapshotQueue
from appliance.errors import EngineError
from appliance.sentences import say

log = logging.getLogger(__name__)

QUEUE_BYTES = 256 * 2**20
_LAST_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SnapshotMeta:
    """What a state is of. Its first `public_tokens` are the box's own words; it is forgotten by
    its `tag`, and without one it is not kept. `fingerprint` names all that decides whether a state
    can be read: model file, context settings, version of llama.cpp.
    """

    fingerprint: str
    owner: str
    tag: str | None
    public_tokens: int
    tokens: Tokens[int]


class KvSnapshots:
    """The snapshots in one folder. `limit_bytes` 0 keeps none and deletes what is there.

    `queue_bytes` bounds the states in memory that wait to be written; one
    larger state is taken when nothing else waits.
    """

    def __init__(
        self,
        folder: Path,
        key: bytes,
        limit_bytes: int,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        assert len(key) == KEY_BYTES
        self._path = folder
        self._limit_bytes = limit_bytes
        self._collection = SnapshotCollection(folder, key, limit_bytes)
        self._queue = SnapshotQueue(queue_bytes)
        self._is_blind = False
        """Whether there may be files that could not be looked at."""
        self._thread = threading.Thread(target=self._run, name="kv-snapshots", daemon=True)

    def start(self) -> None:
        """Read the beginning of every file that is there, then take saves and loads.

        A folder that cannot be used is said in the log, and nothing is kept.
        """
        try:
            if self._limit_bytes > 0:
                self._collection.open()
                self._thread.start()
            else:
                self._collection.remove_all()
        except OSError as error:
            self._is_blind = True
            log.warning(
                "KV snapshots are off, because %s cannot be used: %s. Make it a directory of this "
                "user and start again",
                self._path,
                error.strerror,
            )

    def close(self, seconds: float) -> None:
        """Write what is queued for at most `seconds`, give up the rest, and end the thread."""
        if self._thread.is_alive():
            self.wait_idle(seconds)
            self._queue.close()
            # A disk that hangs must not hold up the end: the thread is a daemon.
            self._thread.join(_LAST_WAIT_SECONDS)

    def wait_idle(self, seconds: float) -> bool:
        """Wait until all that was queued is done; False when it is not by then."""
        return self._queue.wait_idle(seconds)

    @property
    def counts(self) -> SnapshotCounts:
        return self._collection.counts

    @property
    def count(self) -> int:
        """How many there are, those of other models included."""
        return self._collection.count

    @property
    def used_bytes(self) -> int:
        """What they take of the disk, those of other models included."""
        return self._collection.used_bytes

    def bytes_by_owner(self) -> dict[str, int]:
        """The same for each owner."""
        return self._collection.bytes_by_owner()

    def find(
        self, fingerprint: str, owner: str, tokens: Tokens[int], public_tokens: int
    ) -> tuple[SnapshotEntry, int] | None:
        """The snapshot that holds the longest beginning of `tokens`, and how much of it serves.

        Loading brings the whole state: keep no more of it than that, for the rest may be
        somebody else's.
        """
        return self._collection.find(fingerprint, owner, tokens, public_tokens)

    def save(self, meta: SnapshotMeta, state: bytes | bytearray | memoryview) -> None:
        """Queue a state. It is not copied: leave its bytes alone from now on.

        What is larger than half the limit or finds the queue full is dropped, and counted.
        """
        if not self._thread.is_alive() or meta.tag is None or not meta.tokens:
            return
        view = memoryview(state)
        assert view.itemsize == view.ndim == 1 and view.c_contiguous
        tokens = array("i", meta.tokens)
        header = SnapshotHeader(
            meta.fingerprint, meta.owner, meta.tag, meta.public_tokens, tokens, len(view)
        )
        if self._collection.covers(header):
            return
        is_too_large = 2 * header.state_bytes > self._limit_bytes
        if is_too_large or not self._queue.put_save(Save(header, view)):
            self._collection.refuse()

    def load(self, entry: SnapshotEntry) -> "Future[bytes | None]":
        """The state, or None when it is gone or not to be trusted; set on the snapshots' thread."""
        answer: Future[bytes | None] = Future()
        self._collection.mark_used(entry)
        if not self._thread.is_alive() or not self._queue.put_load(Load(entry, answer)):
            answer.set_result(None)
        return answer

    def forget(self, owner: str, tag: str | None = None) -> int:
        """Delete every snapshot of a person, or of one tag, of all models; returns how many went.

        What is queued or just being written is given up. What is saved after this is kept again:
        see that nothing of the tag runs any more. Raises EngineError when a file is left.
        """
        self._queue.drop_saves(owner, tag)
        deleted, left = self._collection.delete(owner, tag)
        if self._is_blind:
            # Nobody knows whose the files are that are there, so all of them go.
            try:
                self._collection.remove_all()
            except OSError:
                left += 1
        if left:
            raise EngineError(
                say(
                    "Saved states of what was deleted may still be in %(path)s. Make it a "
                    "directory that this user can write to, and delete once more.",
                    path=self._path,
                )
            )
        return deleted

    # Below: the thread of the snapshots only.

    def _run(self) -> None:
        while (job := self._queue.next()) is not None:
            try:
                if isinstance(job, Load):
                    self._answer(job)
                else:
                    self._write(job)
            finally:
                self._queue.done()
            del job  # A state of a gigabyte must not stay until the next one comes.

    def _answer(self, load: Load) -> None:
        if not load.answer.set_running_or_notify_cancel():
            return
        state = None
        try:
            state = self._collection.read(load.entry)
        except Exception:
            # The thread's border: whoever waits is answered, also when memory is short.
            log.exception("a KV snapshot could not be loaded")
        load.answer.set_result(state)

    def _write(self, save: Save) -> None:
        def let_others_in() -> None:
            while (load := self._queue.next_load()) is not None:
                self._answer(load)
            if save.is_abandoned:
                raise Abandoned

        try:
            self._collection.write(save.header, save.state, let_others_in)
        except Abandoned:
            return
        except Exception:
            # The thread's border: one bad snapshot must not be the end of all.
            log.exception("a KV snapshot could not be saved")
            self._collection.refuse()

"""When what a seat holds goes to disk, and when it comes back instead of being read again.

Lives on the compute thread; the files are `kv_snapshots.py`'s, on a thread of their own.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future

from appliance.engine.backend import Backend
from appliance.engine.kv_snapshot_index import SnapshotEntry
from appliance.engine.kv_snapshots import KvSnapshots, SnapshotMeta
from appliance.engine.prefix_cache import WORTH_RESTORING_TOKENS, best_source
from appliance.engine.sequence import Sequence
from appliance.engine.slots import Held, Slot, SlotPool

IDLE_SECONDS = 60.0
_LOADS_AT_ONCE = 2


class SnapshotKeeper:
    """Joins the seats of one backend with the snapshots on disk.

    `wake` is called on another thread when a snapshot has been read.
    """

    def __init__(
        self,
        snapshots: KvSnapshots | None,
        backend: Backend,
        slots: SlotPool,
        wake: Callable[[], None],
    ) -> None:
        self._snapshots = snapshots
        self._backend = backend
        self._slots = slots
        self._wake = wake
        self._asked: set[Sequence] = set()
        self._loading: dict[Sequence, tuple[int, Future[bytes | None]]] = {}
        self._loaded: dict[Sequence, bytes] = {}
        self._idle_since: dict[Slot, tuple[int, float]] = {}

    def look_up(self, queue: Iterable[Sequence]) -> None:
        """Whoever waits and has a better beginning on disk than in any seat waits for that, too.

        Few are read at a time: a state may be large, and it is of no use before there is a seat.
        """
        if self._snapshots is None:
            return
        self._take_in()
        for sequence in queue:
            if sequence not in self._asked:
                self._asked.add(sequence)
                sequence.is_loading = self._find(sequence) is not None
            is_wanted = sequence.is_loading and sequence not in self._loading
            if is_wanted and len(self._loading) + len(self._loaded) < _LOADS_AT_ONCE:
                self._load_for(sequence)

    def loaded_for(self, sequence: Sequence) -> bytes | None:
        """The state that was read for a sequence; it is handed out once."""
        return self._loaded.pop(sequence, None)

    def drop(self, sequence: Sequence) -> None:
        """The sequence is over."""
        self._asked.discard(sequence)
        if self._loading.pop(sequence, None) or self._loaded.pop(sequence, None):
            self._wake()  # it was cancelled: the next one's may be read now

    def save(self, held: Held) -> None:
        """Write down what a seat holds, if that is worth it and allowed."""
        unsaved = len(held.tokens) - held.slot.saved_tokens
        if self._snapshots is None or held.tag is None or held.owner is None:
            return
        if not held.may_save or unsaved < WORTH_RESTORING_TOKENS:
            return
        if state := self._backend.state(held.slot):
            meta = SnapshotMeta(
                self._backend.fingerprint, held.owner, held.tag, held.public_tokens, held.tokens
            )
            self._snapshots.save(meta, state)
        held.slot.saved_tokens = len(held.tokens)

    def save_idle(self, now: float) -> float | None:
        """Write down one seat that nobody has used for a while.

        Returns the seconds until the next one is due; None when there is none.
        """
        unsaved = [slot for slot in self._slots.idle() if self._is_worth_saving(slot)]
        self._idle_since = {slot: (slot.last_used, self._seen_idle(slot, now)) for slot in unsaved}
        if not unsaved:
            return None
        slot = min(unsaved, key=lambda slot: self._idle_since[slot][1])
        left = self._idle_since[slot][1] + IDLE_SECONDS - now
        if left <= 0:
            self.save(self._slots.held(slot))
        return max(0.0, left)

    def save_all(self) -> None:
        """Before a stop: the newest last, so that it is the last to go when there is no room."""
        for slot in sorted(self._slots, key=lambda slot: slot.last_used):
            if slot.cells.count:
                self.save(self._slots.held(slot))

    def forget(self, owner: str, tag: str | None) -> int:
        """Delete all snapshots of somebody, or of one tag; how many, once they are gone."""
        return 0 if self._snapshots is None else self._snapshots.forget(owner, tag)

    def _is_worth_saving(self, slot: Slot) -> bool:
        unsaved = slot.cells.count - slot.saved_tokens
        return slot.may_save and slot.tag is not None and unsaved >= WORTH_RESTORING_TOKENS

    def _seen_idle(self, slot: Slot, now: float) -> float:
        """When this seat was first seen as it is now."""
        last_used, since = self._idle_since.get(slot, (-1, now))
        return since if last_used == slot.last_used else now

    def _find(self, sequence: Sequence) -> tuple[SnapshotEntry, int] | None:
        """The snapshot that is worth being read, and how much of it serves."""
        assert self._snapshots is not None
        found = self._snapshots.find(
            self._backend.fingerprint, sequence.owner, sequence.tokens, sequence.public_tokens
        )
        if found is None:
            return None
        entry, common = found
        count = min(common, sequence.reusable_tokens)
        is_worth_it = count - best_source(self._slots, sequence)[1] >= WORTH_RESTORING_TOKENS
        return (entry, count) if is_worth_it else None

    def _load_for(self, sequence: Sequence) -> None:
        found = self._find(sequence)
        if found is None:  # meanwhile a seat has it, or it is gone
            sequence.is_loading = False
            return
        assert self._snapshots is not None
        entry, count = found
        future = self._snapshots.load(entry)
        self._loading[sequence] = (count, future)
        future.add_done_callback(lambda _: self._wake())

    def _take_in(self) -> None:
        for sequence, (count, future) in list(self._loading.items()):
            if not future.done():
                continue
            del self._loading[sequence]
            sequence.is_loading = False
            state = future.result()
            if state is not None:
                self._loaded[sequence] = state
                sequence.restorable_tokens = count

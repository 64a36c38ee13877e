"""Is there room in the KV cache, and what is given up to make some? Pure arithmetic over seats."""

from collections.abc import Iterable

from appliance.engine.sequence import Sequence
from appliance.engine.slots import SlotPool


class KvRoom:
    """Counts the cells of the KV cache; cells that several seats hold count once."""

    def __init__(self, slots: SlotPool, kv_tokens: int) -> None:
        self._slots = slots
        self.kv_tokens = kv_tokens

    @property
    def free(self) -> int:
        """Cells that hold nothing."""
        return self.kv_tokens - self._slots.cells.used

    @property
    def available(self) -> int:
        """Cells that would be free if every idle seat were emptied."""
        return self.kv_tokens - self.busy

    @property
    def busy(self) -> int:
        """Cells that running sequences hold."""
        held = {
            id(run): len(run.tokens)
            for slot in self._slots
            if not slot.is_free
            for run in slot.cells.runs
        }
        return sum(held.values())

    def fits(self, sequence: Sequence, shared_tokens: int, running: Iterable[Sequence]) -> bool:
        """Whether `sequence`, which shares so many tokens with somebody who runs, can read its
        prompt when everybody who runs has read theirs.
        """
        promised = sum(other.pending for other in running)
        needed = len(sequence.tokens) - shared_tokens + 1
        return self.busy + promised + needed <= self.kv_tokens

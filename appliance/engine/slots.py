"""The KV cache's seats.

A seat outlives its sequence: what it still holds makes the next turn quick.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from appliance.engine.sequence import Sequence


@dataclass(eq=False, slots=True)
class Slot:
    """One seat: `index` is llama.cpp's seq_id, `tokens` are those whose keys and values it holds.

    `owner` is whose words they are: nobody else may build on them.
    """

    index: int
    tokens: list[int] = field(default_factory=list)
    owner: str | None = None
    sequence: Sequence | None = None
    last_used: int = 0

    @property
    def is_free(self) -> bool:
        return self.sequence is None


class SlotPool:
    """All seats, and how many cells of the shared KV cache they hold together."""

    def __init__(self, count: int) -> None:
        self._slots = tuple(Slot(index) for index in range(count))
        self._tick = 0

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._slots)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def held_tokens(self) -> int:
        """KV cells in use. Units: tokens."""
        return sum(len(slot.tokens) for slot in self._slots)

    def free(self) -> list[Slot]:
        return [slot for slot in self._slots if slot.is_free]

    def idle(self) -> list[Slot]:
        """Free seats that still hold something, least recently used first."""
        return sorted((s for s in self._slots if s.is_free and s.tokens), key=lambda s: s.last_used)

    def take(self, slot: Slot, sequence: Sequence) -> None:
        """Seat `sequence`; what the slot holds stays until `keep` says how much of it serves."""
        assert slot.is_free, f"slot {slot.index} is taken"
        slot.sequence, sequence.slot = sequence, slot
        slot.owner = sequence.owner

    def release(self, sequence: Sequence) -> None:
        """Free the seat; it goes on holding what was computed."""
        slot = sequence.slot
        if slot is None:
            return
        self._tick += 1
        slot.sequence, sequence.slot = None, None
        slot.last_used = self._tick

    def forget(self, slot: Slot) -> None:
        slot.tokens.clear()
        if slot.is_free:
            slot.owner = None

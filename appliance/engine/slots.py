"""The KV cache's seats. A seat outlives its sequence: what it holds makes the next turn quick."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from appliance.engine.kv_cells import CellMap, Cells
from appliance.engine.sequence import Sequence


@dataclass(eq=False, slots=True)
class Slot:
    """One seat: `index` is llama.cpp's seq_id, `cells` the tokens whose keys and values it holds.

    The first `public_tokens` are the box's own words, which anybody may build on; the rest are
    `owner`'s, and nobody else's. `tag` is what they belong to and can be forgotten with.
    """

    index: int
    cells: Cells = field(default_factory=Cells)
    owner: str | None = None
    tag: str | None = None
    public_tokens: int = 0
    may_save: bool = True
    """Whether it may be written to disk."""
    saved_tokens: int = 0
    """How many of them a snapshot on disk holds already."""
    sequence: Sequence | None = None
    last_used: int = 0

    @property
    def is_free(self) -> bool:
        return self.sequence is None

    @property
    def tokens(self) -> list[int]:
        return self.cells.tokens()

    def usable_by(self, sequence: Sequence) -> int:
        """How many of this seat's tokens `sequence` may build on."""
        common = self.cells.common_prefix(sequence.tokens)
        if self.owner != sequence.owner:
            common = min(common, self.public_tokens, sequence.public_tokens)
        return min(common, sequence.reusable_tokens)


@dataclass(frozen=True, slots=True)
class Held:
    """What a seat holds that is given up or written down: the words and whose they are."""

    slot: Slot
    owner: str | None
    tag: str | None
    public_tokens: int
    tokens: list[int]
    may_save: bool


class SlotPool:
    """All seats, and the cells of the KV cache that they hold."""

    def __init__(self, count: int) -> None:
        self.cells = CellMap(count)
        self._slots = tuple(Slot(index, cells) for index, cells in enumerate(self.cells.seats))
        self._tick = 0

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._slots)

    def __len__(self) -> int:
        return len(self._slots)

    def free(self) -> list[Slot]:
        return [slot for slot in self._slots if slot.is_free]

    def idle(self) -> list[Slot]:
        """Free seats that still hold something, least recently used first."""
        held = (slot for slot in self._slots if slot.is_free and slot.cells.count)
        return sorted(held, key=lambda slot: slot.last_used)

    def take(self, slot: Slot, sequence: Sequence) -> None:
        """Seat `sequence`; how much of what the slot holds serves it is for `keep` to say."""
        assert slot.is_free, f"slot {slot.index} is taken"
        slot.sequence, sequence.slot = sequence, slot

    def keep(self, slot: Slot, count: int) -> None:
        """The seat holds the first `count` tokens of its sequence, and is that owner's now."""
        sequence = slot.sequence
        assert sequence is not None
        self.cells.trim(slot.cells, count)
        if slot.tag != sequence.tag or slot.saved_tokens > count:
            slot.saved_tokens = 0
        slot.owner, slot.tag = sequence.owner, sequence.tag
        slot.public_tokens, slot.may_save = sequence.public_tokens, sequence.may_save

    def share(self, source: Slot, slot: Slot, count: int) -> None:
        self.cells.share(source.cells, slot.cells, count)
        self.keep(slot, count)

    def join(self, source: Slot, slot: Slot, count: int) -> None:
        """Both hold the same first `count` tokens twice over: from now on once, together."""
        self.cells.join(source.cells, slot.cells, count)

    def restore(self, slot: Slot, tokens: list[int]) -> None:
        """The seat holds `tokens`, which came from the disk."""
        self.keep(slot, 0)
        slot.cells.append(tokens)
        slot.saved_tokens = len(tokens)

    def release(self, sequence: Sequence) -> None:
        """Free the seat; it goes on holding what was computed."""
        slot = sequence.slot
        if slot is None:
            return
        self._tick += 1
        slot.sequence, sequence.slot = None, None
        slot.last_used = self._tick
        if sequence.is_aside:
            # What it leaves is the first to go, and not to the disk: its conversation's seat does.
            slot.last_used, slot.saved_tokens = 0, slot.cells.count

    def clear(self) -> None:
        """Nobody has a seat and no seat holds anything, whatever they believed before."""
        for slot in self._slots:
            slot.cells.runs, slot.cells.count = [], 0
            slot.sequence = None
            self.forget(slot)

    def forget(self, slot: Slot) -> None:
        """The seat holds nothing any more."""
        self.cells.trim(slot.cells, 0)
        slot.saved_tokens = 0
        if slot.is_free:
            slot.owner, slot.tag, slot.public_tokens = None, None, 0

    def held(self, slot: Slot) -> Held:
        """What there is in a seat, as it is now."""
        return Held(slot, slot.owner, slot.tag, slot.public_tokens, slot.tokens, slot.may_save)

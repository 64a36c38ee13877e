"""Where the beginning of a prompt is held already, and which seat the prompt shall take."""

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.engine.kv_cells import common_prefix_length
from appliance.engine.sequence import Sequence
from appliance.engine.slots import Slot, SlotPool

# A seat is built on in place when at most this much is lost by that, or when most of it serves.
_SMALL_LOSS_TOKENS = 64
# Waiting for somebody who is reading the same beginning pays from about this many tokens on.
_WORTH_WAITING_TOKENS = 32
# A snapshot is loaded when it saves at least this much reading.
WORTH_RESTORING_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Seat:
    """Take `slot`; its first `count` tokens come from `source`, which may be the slot itself.

    `restored` tokens, if any, come from a snapshot on disk: more than `source` has.
    """

    slot: Slot
    source: Slot
    count: int
    restored: int = 0


def choose_seat(slots: SlotPool, sequence: Sequence) -> Seat | None:
    """The free seat to take and where its beginning comes from; None when no seat is free."""
    free = slots.free()
    if not free:
        return None
    source, count = best_source(slots, sequence)
    restored = sequence.restorable_tokens
    if restored - count < WORTH_RESTORING_TOKENS:
        restored = 0
    # An aside leaves the seat that it builds on as it is.
    may_continue = source.is_free and not restored and not sequence.is_aside
    if (may_continue and _is_continued(source, count)) or free == [source]:
        return Seat(source, source, count, restored)
    others = [slot for slot in free if slot is not source or count == 0]
    target = min(others, key=lambda slot: (slot.cells.count > 0, slot.last_used))
    return Seat(target, source if count else target, count, restored)


def best_source(slots: SlotPool, sequence: Sequence) -> tuple[Slot, int]:
    """The seat that holds most of a prompt's beginning, and how much of it may be used."""
    source = max(slots, key=lambda slot: (slot.usable_by(sequence), slot.is_free, slot.last_used))
    return source, source.usable_by(sequence)


def _is_continued(slot: Slot, count: int) -> bool:
    """Whether a prompt goes on where this seat ends, rather than branching off early."""
    lost = slot.cells.count - count
    return count > 0 and (lost <= _SMALL_LOSS_TOKENS or count > 2 * lost)


def who_reads(running: Iterable[Sequence], sequence: Sequence, held_tokens: int) -> Sequence | None:
    """Who is just now reading a longer beginning of this prompt than is held.

    Then it is quicker to wait until it is there than to read it a second time.
    """
    for other in running:
        if other.slot is None or other.pending <= 1:
            continue
        common = common_prefix_length(other.tokens, sequence.tokens)
        if other.owner != sequence.owner:
            common = min(common, other.public_tokens, sequence.public_tokens)
        common = min(common, sequence.reusable_tokens)
        if common > other.computed and common - held_tokens >= _WORTH_WAITING_TOKENS:
            return other
    return None

"""Which seat already holds the longest beginning of a prompt."""

from collections.abc import Sequence as Tokens

from appliance.engine.sequence import Sequence
from appliance.engine.slots import Slot, SlotPool

_BLOCK = 64


def common_prefix_length(left: Tokens[int], right: Tokens[int]) -> int:
    """Number of equal tokens at the start. Compares by blocks first: list equality runs in C."""
    end = min(len(left), len(right))
    start = 0
    while start < end:
        stop = min(start + _BLOCK, end)
        if left[start:stop] != right[start:stop]:
            break
        start = stop
    while start < end and left[start] == right[start]:
        start += 1
    return start


def choose_slot(slots: SlotPool, sequence: Sequence) -> tuple[Slot, int] | None:
    """The free seat to take and how many of its tokens serve `sequence`; None when no seat is free.

    Only the owner's own words are built on, so that nobody learns from the time to the first token
    what another person wrote. Among equals the emptiest seat, then the least recently used: a
    conversation that somebody may come back to is the last to go. One token is always left to
    compute, because sampling needs its logits.
    """
    best: tuple[tuple[int, bool, int], Slot, int] | None = None
    for slot in slots.free():
        kept = 0
        if slot.owner == sequence.owner:
            kept = min(common_prefix_length(slot.tokens, sequence.tokens), len(sequence.tokens) - 1)
        rank = (kept, not slot.tokens, -slot.last_used)
        if best is None or rank > best[0]:
            best = (rank, slot, kept)
    return None if best is None else (best[1], best[2])

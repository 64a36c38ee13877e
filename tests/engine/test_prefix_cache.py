from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.kv_cells import common_prefix_length
from appliance.engine.prefix_cache import choose_seat, who_reads
from appliance.engine.sequence import SamplingParams, Sequence
from appliance.engine.slots import SlotPool

TOKENS = st.lists(st.integers(0, 2), max_size=200)


def sequence(tokens: list[int], owner: str = "ann", public: int = 0) -> Sequence:
    return Sequence("s", owner, tokens, SamplingParams(), public)


def pool(*held: tuple[str, list[int]], public: int = 0) -> SlotPool:
    """Free slots that hold these tokens, the first used longest ago."""
    slots = SlotPool(len(held))
    for tick, (slot, (owner, tokens)) in enumerate(zip(slots, held, strict=True), start=1):
        if tokens:
            slot.owner, slot.public_tokens, slot.last_used = owner, public, tick
            slot.cells.append(tokens)
    return slots


def chosen(slots: SlotPool, seq: Sequence) -> tuple[int, int, int] | None:
    """(slot, source, count) of the seat."""
    seat = choose_seat(slots, seq)
    return None if seat is None else (seat.slot.index, seat.source.index, seat.count)


@given(TOKENS, TOKENS, TOKENS)
def test_the_common_prefix_is_what_counting_one_by_one_gives(
    shared: list[int], left: list[int], right: list[int]
) -> None:
    left, right = shared + left, shared + right
    expected = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        expected += 1
    assert common_prefix_length(left, right) == expected


def test_a_conversation_goes_on_in_its_own_slot() -> None:
    slots = pool(("ann", [1, 2]), ("ann", [1, 2, 3]), ("ann", [9]))
    assert chosen(slots, sequence([1, 2, 3, 4])) == (1, 1, 3)


def test_a_branch_takes_another_slot_and_shares_the_beginning() -> None:
    """The conversation it branches from keeps what it holds."""
    slots = pool(("ann", [1] * 100 + [2] * 300), ("ann", []))
    assert chosen(slots, sequence([1] * 100 + [3] * 10)) == (1, 0, 100)


def test_the_last_free_slot_is_built_on_whatever_is_lost_by_it() -> None:
    assert chosen(pool(("ann", [1] * 100 + [2] * 300)), sequence([1] * 100 + [3])) == (0, 0, 100)


def test_another_persons_words_are_never_built_on() -> None:
    slots = pool(("bob", [1, 2, 3]), ("bob", []))
    assert chosen(slots, sequence([1, 2, 3, 4], "ann")) == (1, 1, 0)


def test_between_people_only_what_both_prompts_call_public_is_shared() -> None:
    tokens = [1] * 200
    for held_public, own_public, shared in ((50, 80, 50), (80, 50, 50), (0, 80, 0), (80, 0, 0)):
        slots = pool(("bob", tokens), ("bob", []), public=held_public)
        choice = chosen(slots, sequence([*tokens, 2], "ann", own_public))
        assert choice is not None
        assert choice[2] == shared


def test_one_token_is_left_to_compute_when_all_is_held_already() -> None:
    assert chosen(pool(("ann", [1, 2, 3])), sequence([1, 2, 3])) == (0, 0, 2)


def test_without_a_prefix_an_empty_slot_goes_before_a_used_one_and_old_before_new() -> None:
    assert chosen(pool(("ann", [5]), ("ann", [])), sequence([1])) == (1, 1, 0)
    assert chosen(pool(("ann", [5]), ("ann", [6])), sequence([1])) == (0, 0, 0)


def test_a_running_slot_gives_its_beginning_but_not_its_seat() -> None:
    slots = pool(("ann", [1, 2, 3]), ("ann", []))
    first, _ = slots
    slots.take(first, sequence([1, 2, 3, 4]))
    assert chosen(slots, sequence([1, 2, 3, 9])) == (1, 0, 3)


def test_without_a_free_slot_there_is_no_seat() -> None:
    slots = pool(("ann", [1, 2]))
    slots.take(next(iter(slots)), sequence([1]))
    assert chosen(slots, sequence([1, 2])) is None


def test_who_needs_what_another_is_just_reading_waits_for_it() -> None:
    slots = SlotPool(2)
    reading = sequence([1] * 200 + [2], "bob", public=200)
    slots.take(next(iter(slots)), reading)
    reading.computed = 100
    newcomer = sequence([1] * 200 + [3], "ann", public=200)
    assert who_reads([reading], newcomer, held_tokens=100) is reading
    assert not who_reads([reading], newcomer, held_tokens=190), "the rest is too short"
    assert not who_reads([reading], sequence([1] * 200 + [3], "ann"), 0), "nothing is public"
    reading.computed = 201
    assert not who_reads([reading], newcomer, held_tokens=200)

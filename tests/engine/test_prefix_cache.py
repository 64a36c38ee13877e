from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.prefix_cache import choose_slot, common_prefix_length
from appliance.engine.sequence import SamplingParams, Sequence
from appliance.engine.slots import SlotPool

TOKENS = st.lists(st.integers(0, 2), max_size=200)


def sequence(tokens: list[int], owner: str = "ann") -> Sequence:
    return Sequence("s", owner, tokens, SamplingParams())


def pool(*held: tuple[str, list[int]]) -> SlotPool:
    """A pool of free slots that hold these tokens, the first used longest ago."""
    slots = SlotPool(len(held))
    for tick, (slot, (owner, tokens)) in enumerate(zip(slots, held, strict=True)):
        slot.owner, slot.tokens, slot.last_used = owner, tokens, tick
    return slots


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


def test_the_slot_with_the_longest_prefix_is_taken() -> None:
    slots = pool(("ann", [1, 2]), ("ann", [1, 2, 3]), ("ann", [9]))
    choice = choose_slot(slots, sequence([1, 2, 3, 4]))
    assert choice is not None
    assert (choice[0].index, choice[1]) == (1, 3)


def test_another_persons_words_are_never_built_on() -> None:
    slots = pool(("bob", [1, 2, 3]), ("bob", []))
    choice = choose_slot(slots, sequence([1, 2, 3, 4], "ann"))
    assert choice is not None
    assert (choice[0].index, choice[1]) == (1, 0)


def test_one_token_is_left_to_compute_when_all_is_held_already() -> None:
    choice = choose_slot(pool(("ann", [1, 2, 3])), sequence([1, 2, 3]))
    assert choice is not None
    assert choice[1] == 2


def test_without_a_prefix_an_empty_slot_goes_before_a_used_one_and_old_before_new() -> None:
    assert choose_slot(pool(("ann", [5]), ("ann", [])), sequence([1]))[0].index == 1  # type: ignore[index]
    assert choose_slot(pool(("ann", [5]), ("ann", [6])), sequence([1]))[0].index == 0  # type: ignore[index]


def test_a_taken_slot_is_not_chosen() -> None:
    slots = pool(("ann", [1, 2]))
    slots.take(next(iter(slots)), sequence([1]))
    assert choose_slot(slots, sequence([1, 2])) is None

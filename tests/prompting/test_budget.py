import itertools

from hypothesis import given
from hypothesis import strategies as st

from appliance.prompting.budget import first_kept, split_context

SIZES = st.lists(st.integers(1, 400), min_size=1, max_size=60)


@given(st.integers(2, 200_000), st.integers(1, 10_000))
def test_prompt_and_reply_fit_into_the_context_together(context: int, limit: int) -> None:
    budget = split_context(context, limit)
    if context >= 256:
        assert budget.prompt_tokens + budget.reply_tokens < context
        assert budget.prompt_tokens >= context // 2


@given(st.integers(256, 200_000), st.integers(1, 10_000))
def test_a_conversation_that_may_not_be_cut_uses_the_context_up(context: int, limit: int) -> None:
    budget = split_context(context, limit, "stop")
    assert (budget.prompt_tokens, budget.reply_tokens) == (context - 65, 64)


@given(SIZES, st.integers(1, 4000))
def test_what_is_kept_fits_and_the_newest_message_always_stays(sizes: list[int], room: int) -> None:
    first = first_kept(sizes, room)
    assert 0 <= first < len(sizes)
    assert sum(sizes[first:]) <= room or first == len(sizes) - 1


@given(SIZES, st.integers(1, 4000))
def test_nothing_is_dropped_while_everything_fits(sizes: list[int], room: int) -> None:
    assert (first_kept(sizes, room) == 0) == (sum(sizes) <= room or len(sizes) == 1)


def test_the_beginning_of_the_prompt_stays_for_many_turns() -> None:
    """A window that slid by one message a turn would throw the KV cache away each time."""
    sizes: list[int] = []
    beginnings = []
    for _ in range(200):
        sizes.append(50)
        beginnings.append(first_kept(sizes, 2000))
    moves = sum(a != b for a, b in itertools.pairwise(beginnings))
    assert 0 < moves <= 20


@given(st.lists(st.integers(1, 400), min_size=2, max_size=120), st.integers(400, 4000))
def test_the_beginning_never_goes_back(sizes: list[int], room: int) -> None:
    beginnings = [first_kept(sizes[:count], room) for count in range(1, len(sizes) + 1)]
    assert beginnings == sorted(beginnings)


@given(SIZES, st.integers(1, 4000))
def test_at_most_a_quarter_more_than_needed_is_dropped(sizes: list[int], room: int) -> None:
    first = first_kept(sizes, room)
    needed = next(i for i in range(len(sizes)) if sum(sizes[i:]) <= room or i == len(sizes) - 1)
    assert sum(sizes[needed:first]) <= room // 4


@given(SIZES, st.integers(1, 4000), st.integers(0, 59))
def test_it_is_the_same_message_however_much_of_the_branch_is_looked_at(
    sizes: list[int], room: int, earlier: int
) -> None:
    first = first_kept(sizes, room)
    if earlier <= first and sum(sizes[earlier:]) > room:
        assert earlier + first_kept(sizes[earlier:], room, earlier=earlier) == first


@given(SIZES, st.integers(1, 4000), st.data())
def test_a_prompt_begins_only_where_it_may(
    sizes: list[int], room: int, data: st.DataObject
) -> None:
    flags = st.lists(st.booleans(), min_size=len(sizes), max_size=len(sizes))
    may_begin = data.draw(flags)
    first = first_kept(sizes, room, may_begin)
    assert first in (0, len(sizes) - 1) or may_begin[first]
    assert sum(sizes[first:]) <= room or first == len(sizes) - 1

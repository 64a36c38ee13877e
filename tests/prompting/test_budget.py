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

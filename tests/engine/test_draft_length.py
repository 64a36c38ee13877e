from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.draft_length import LONGEST_GUESS_TOKENS, DraftLength


def test_drafts_that_are_right_grow_to_the_longest() -> None:
    length = DraftLength()
    lengths = []
    for _ in range(12):
        lengths.append(length.next())
        length.verified(lengths[-1], lengths[-1])
    assert lengths == sorted(lengths)
    assert lengths[-1] == LONGEST_GUESS_TOKENS


def test_a_draft_that_was_half_wrong_makes_the_next_one_shorter() -> None:
    length = DraftLength()
    first = length.next()
    length.verified(first, first // 2 - 1)
    assert 0 < length.next() < first


def test_wrong_drafts_end_the_guessing_for_a_while_and_then_for_longer() -> None:
    length = DraftLength()

    def steps_until_guessing_ends() -> int:
        for step in range(100):
            if not length.next():
                return step
            length.verified(4, 0)
        raise AssertionError("it never gave up")

    def steps_until_it_tries_again() -> int:
        return next(step for step in range(1000) if length.next())

    rests = []
    for _ in range(3):
        assert steps_until_guessing_ends() < 8
        rests.append(steps_until_it_tries_again())
        length.verified(4, 0)
    assert rests[0] < rests[1] < rests[2]


def test_a_model_that_is_not_sure_is_left_alone_later_than_one_that_is_wrong() -> None:
    def patience(drafted: int) -> int:
        length = DraftLength()
        for step in range(100):
            if not length.next():
                return step
            length.verified(drafted, 0)
        raise AssertionError("it never gave up")

    assert patience(drafted=4) < patience(drafted=0) < 20


def test_after_good_drafts_a_rest_is_short_again() -> None:
    def rest_of(length: DraftLength) -> int:
        while length.next():
            length.verified(4, 0)
        return next(step for step in range(1000) if length.next())

    length = DraftLength()
    first, second = rest_of(length), rest_of(length)
    for _ in range(8):
        length.verified(4, 4)
    assert rest_of(length) == first < second


@given(st.lists(st.tuples(st.integers(0, 16), st.integers(0, 16)), max_size=200))
def test_a_length_is_never_out_of_bounds(outcomes: list[tuple[int, int]]) -> None:
    length = DraftLength()
    for drafted, accepted in outcomes:
        if limit := length.next():
            assert 2 <= limit <= LONGEST_GUESS_TOKENS
            length.verified(drafted, min(drafted, accepted))

from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.prompt_lookup import LONGEST_DRAFT_TOKENS, PromptLookup

PASSAGE = list(range(100, 160))


def test_nothing_is_guessed_about_text_that_does_not_repeat_itself() -> None:
    lookup = PromptLookup()
    assert lookup.draft(list(range(500)), 24) == []


def test_a_passage_that_is_quoted_is_continued() -> None:
    lookup = PromptLookup()
    tokens = [1, 2, *PASSAGE, 3, 4, *PASSAGE[:10]]
    draft = lookup.draft(tokens, 24)
    assert draft == PASSAGE[10 : 10 + len(draft)]
    assert draft


def test_a_few_equal_words_are_not_worth_a_guess() -> None:
    assert PromptLookup().draft([1, *PASSAGE, 2, *PASSAGE[:5]], 24) == []


def test_the_longer_the_quote_the_longer_the_draft() -> None:
    lengths = []
    for quoted in (6, 10, 20, 40):
        tokens = [1, *PASSAGE, *PASSAGE, 2, *PASSAGE[:quoted]]
        lengths.append(len(PromptLookup().draft(tokens, 100)))
    assert lengths == sorted(lengths)
    assert lengths[0] == 2
    assert lengths[-1] == LONGEST_DRAFT_TOKENS


def test_a_passage_that_goes_on_into_itself_is_repeated() -> None:
    tokens = [7, 8, 9] * 10
    assert PromptLookup().draft(tokens, 8) == [7, 8, 9, 7, 8, 9, 7, 8]


def test_the_limit_holds() -> None:
    tokens = [1, *PASSAGE, 2, *PASSAGE[:30]]
    assert len(PromptLookup().draft(tokens, 3)) == 3
    assert PromptLookup().draft(tokens, 0) == []


def test_wrong_drafts_end_the_guessing_and_right_ones_bring_it_back() -> None:
    lookup = PromptLookup()
    quoted = [1, *PASSAGE, 2, *PASSAGE[:12]]
    assert lookup.draft(quoted, 24)
    for _ in range(3):
        lookup.verified(drafted=8, accepted=0)
    assert lookup.draft(quoted, 24) == []
    assert lookup.draft([*quoted, *PASSAGE[12:50]], 24), "a long quote is worth another guess"
    for _ in range(3):
        lookup.verified(drafted=8, accepted=8)
    assert lookup.draft([*quoted, *PASSAGE[12:52]], 24)


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), max_size=30))
def test_what_is_followed_step_by_step_is_what_is_found_at_once(steps: list[list[int]]) -> None:
    lookup, tokens = PromptLookup(), [0]
    for more in steps:
        tokens = [*tokens, *more]
        assert lookup.draft(tokens, 24) == PromptLookup().draft(tokens, 24)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=200), st.integers(0, 30))
def test_a_draft_is_what_followed_an_equal_passage(tokens: list[int], limit: int) -> None:
    draft = PromptLookup().draft(tokens, limit)
    assert len(draft) <= min(limit, LONGEST_DRAFT_TOKENS)
    if draft:
        whole = [*tokens, *draft]
        ending = tokens[-6:]
        assert any(
            whole[at : at + 6 + len(draft)] == [*ending, *draft] for at in range(len(tokens) - 6)
        )

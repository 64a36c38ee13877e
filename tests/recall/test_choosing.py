"""What speaks for a chunk besides its own words, and what is told of several."""

import pytest

from appliance.recall import ranking
from appliance.recall.choosing import Candidate, best_of
from appliance.recall.question import months_of
from appliance.store.chunk_search import FoundChunk

ROW = {1: (None, 2), 2: (1, 3), 3: (2, 4), 4: (3, 5), 5: (4, None)}


def candidate(key: int, score: float, text: str) -> Candidate:
    chunk = FoundChunk(key, None, 1, None, 0, "", text, None, None, None, None)
    return Candidate(chunk, score, ranking.terms_in(text))


def told(*candidates: Candidate, most: int = 9) -> list[int]:
    return [chunk.chunk_key for chunk, _ in best_of(candidates, ROW, most)]


def test_a_window_is_two_chunks_on_each_side_as_far_as_there_are_any():
    assert ranking.window(3, ROW) == {1, 2, 3, 4, 5}
    assert ranking.window(1, ROW) == {1, 2, 3}
    assert ranking.window(9, ROW) == {9}


def test_what_stands_beside_a_told_chunk_comes_after_what_is_nearly_as_good():
    tea, milk, salt = (
        candidate(1, 1.0, "black tea"),
        candidate(2, 0.9, "cold milk"),
        candidate(5, 0.8, "sea salt"),
    )
    assert told(tea, milk, salt) == [1, 5, 2]
    assert told(tea, candidate(2, 1.2, "cold milk"), salt) == [2, 5, 1]
    assert told(tea, milk, salt, most=2) == [1, 5]


def test_each_text_is_told_once_and_nothing_that_is_much_worse():
    assert told(candidate(1, 1.0, "black tea"), candidate(4, 0.9, "Black tea!")) == [1]
    assert told(candidate(1, 1.0, "black tea"), candidate(4, 0.1, "cold milk")) == [1]
    assert told() == []


@pytest.mark.parametrize(
    ("question", "months"),
    [
        ("What did we do in May 2023?", {5}),
        ("Was im März oder im Dezember war", {3, 12}),
        ("10월에 뭐 했지?", {10}),
        ("3月の旅行", {3}),
        ("13月 and Marching", set()),
    ],
)
def test_a_question_names_months(question, months):
    assert months_of(question) == months

"""What the page says beside a reply's text."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.conversations.turn import Turn, TurnPhase, TurnSnapshot, TurnStatus
from appliance.routes.reply_words import (
    cut_words,
    status_view,
    summary_url,
    unread_words,
    wait_words,
)
from appliance.routes.steady_status import SteadyStatus


def turn(finish_reason: str = "stop", **record: object) -> Turn:
    return Turn(
        "t", "c", "m", None, TurnStatus.FINISHED, 0, "", finish_reason, prompt_record=record
    )


def snapshot(phase: TurnPhase, **more: object) -> TurnSnapshot:
    return TurnSnapshot(turn(), phase, "", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.0, ""),
        (-3.0, ""),
        (1.9, ""),
        (float("inf"), ""),
        (float("nan"), ""),
        (2.0, "about 5 seconds"),
        (7.4, "about 5 seconds"),
        (8.0, "about 10 seconds"),
        (57.0, "about 55 seconds"),
        (58.0, "about a minute"),
        (89.0, "about a minute"),
        (100.0, "about 2 minutes"),
        (3600.0, "about 60 minutes"),
    ],
)
def test_a_wait_is_said_in_round_figures(seconds: float | None, words: str) -> None:
    assert wait_words(seconds) == words


def test_a_person_who_waits_reads_the_place_and_how_long() -> None:
    waiting = status_view(snapshot(TurnPhase.WAITING, place=3, wait_seconds=21.3))
    assert (waiting.words, waiting.percent) == ("Third in line, about 20 seconds", None)
    reading = status_view(
        snapshot(TurnPhase.READING, prefilled_tokens=40, prompt_tokens=100, wait_seconds=4.0)
    )
    assert (reading.words, reading.percent) == ("Reading your message, 40 %, about 5 seconds", 40)


def test_once_the_words_come_no_wait_is_spoken_of() -> None:
    assert status_view(snapshot(TurnPhase.WRITING, wait_seconds=30.0)).words == "Writing"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def told() -> Iterator[Callable[..., str | None]]:
    """Shows one reader a snapshot some seconds after the last; the words told, if any."""
    clock = Clock()
    steady = SteadyStatus(clock)

    def show(after: float, phase: TurnPhase = TurnPhase.WAITING, **more: object) -> str | None:
        clock.now += after
        status = steady.change(snapshot(phase, **more))
        return status and status.words

    yield show


def test_numbers_that_move_change_the_words_once_a_second_at_most(
    told: Callable[..., str | None],
) -> None:
    def read(after: float, percent: int) -> str | None:
        return told(after, TurnPhase.READING, prefilled_tokens=percent, prompt_tokens=100)

    assert read(0, 10) == "Reading your message, 10 %"
    assert [read(0.1, percent) for percent in range(11, 20)] == [None] * 9
    assert read(0.2, 30) == "Reading your message, 30 %"
    assert read(5, 30) is None


def test_a_new_place_and_a_new_phase_are_told_at_once(told: Callable[..., str | None]) -> None:
    assert told(0, place=3) == "Third in line"
    assert told(0, place=2) == "Second in line"
    assert told(0, TurnPhase.READING, prompt_tokens=9) == "Reading your message, 0 %"
    assert told(0, TurnPhase.WRITING) == "Writing"


def test_a_wait_that_wavers_around_a_border_does_not_dance(
    told: Callable[..., str | None],
) -> None:
    assert told(0, place=2, wait_seconds=12.4) == "Second in line, about 10 seconds"
    for seconds in (12.6, 12.3, 14.0, 15.0, 11.0):
        assert told(2, place=2, wait_seconds=seconds) is None
    assert told(2, place=2, wait_seconds=18.0) == "Second in line, about 20 seconds"
    assert told(2, place=2, wait_seconds=9.0) == "Second in line, about 10 seconds"
    assert told(2, place=2, wait_seconds=4.0) == "Second in line, about 5 seconds"
    assert told(2, place=2, wait_seconds=1.0) == "Second in line"
    assert told(2, place=2, wait_seconds=3.0) is None
    assert told(2, place=2, wait_seconds=None) is None
    assert told(2, place=2, wait_seconds=300.0) == "Second in line, about 5 minutes"


@given(
    st.lists(
        st.tuples(
            st.floats(0, 3),
            st.sampled_from([None, 1, 2]),
            st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
        ),
        max_size=60,
    )
)
def test_no_two_changes_of_the_same_place_are_told_within_a_second(
    steps: list[tuple[float, int | None, float | None]],
) -> None:
    clock = Clock()
    steady = SteadyStatus(clock)
    told_at: dict[str, float] = {}
    last_place: object = "none"
    for after, place, seconds in steps:
        clock.now += after
        status = steady.change(snapshot(TurnPhase.WAITING, place=place, wait_seconds=seconds))
        if status is None:
            last_place = place if place != last_place else last_place
            continue
        if place == last_place:
            assert clock.now - told_at["last"] >= 1
        told_at["last"], last_place = clock.now, place


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (turn("stop", reply_bound="context"), ""),
        (turn("cancelled", reply_bound="context"), ""),
        (turn("length"), "The reply reached its length limit."),
        (
            turn("length", reply_bound="reply_limit", context_full="stop"),
            "The reply reached its length limit.",
        ),
        (
            turn("length", reply_bound="context", context_full="shift"),
            "The reply reached the end of what the model can hold at once.",
        ),
        (
            turn("length", reply_bound="context", context_full="stop"),
            "The reply reached the end of what the model can hold at once, and this conversation "
            "is full. Begin a new one to go on.",
        ),
    ],
)
def test_a_reply_that_was_cut_says_where_and_how_to_go_on(ended: Turn, words: str) -> None:
    assert cut_words(ended) == words


@pytest.mark.parametrize(
    ("dropped", "words"),
    [
        (None, ""),
        ("6", ""),
        (0, ""),
        (1, "The oldest message of this conversation no longer fits and was not read."),
        (6, "The oldest 6 messages of this conversation no longer fit and were not read."),
        (1200, "The oldest 1,200 messages of this conversation no longer fit and were not read."),
    ],
)
def test_a_reply_says_what_the_model_did_not_read(dropped: object, words: str) -> None:
    assert unread_words(turn(dropped_messages=dropped)) == words


@pytest.mark.parametrize(
    ("dropped", "told", "words"),
    [
        (1, 1, "The oldest message of this conversation is read as a summary."),
        (20, 20, "The oldest 20 messages of this conversation are read as a summary."),
        (
            1200,
            20,
            "Of the oldest 1,200 messages of this conversation, which no longer fit, 20 are "
            "read as a summary and 1,180 were not read.",
        ),
    ],
)
def test_a_reply_says_what_the_model_read_as_a_summary(dropped: int, told: int, words: str) -> None:
    record = {"dropped_messages": dropped, "summary_messages": told}
    assert unread_words(turn(**record)) == words
    assert summary_url(turn(**record)) == "/conversations/c/summary"


def test_without_a_summary_there_is_none_to_read() -> None:
    assert summary_url(turn(dropped_messages=6)) == ""
    assert summary_url(turn()) == ""


def test_an_old_turn_without_a_record_says_nothing() -> None:
    assert unread_words(turn()) == ""

from appliance.engine.events import Delta, Ended, Event, Progress, SequenceCounts
from appliance.engine.outbox import Outbox
from appliance.engine.sequence import FinishReason

COUNTS = SequenceCounts(1, 1, 0, 0, 0, 0)


def reading(name: str, tokens: int) -> Event:
    return Progress(name, None, tokens, 100)


def test_the_first_word_is_told_at_once_and_the_next_ones_together() -> None:
    outbox = Outbox()
    outbox.put([Delta("a", "He")])
    assert outbox.take(10.0) == [Delta("a", "He")]
    outbox.put([Delta("a", "ll")])
    assert outbox.take(10.01) == []
    outbox.put([Delta("a", "o")])
    assert outbox.take(10.02) == []
    outbox.put([Delta("a", "!")])
    assert outbox.take(10.06) == [Delta("a", "llo!")]


def test_the_first_word_of_a_second_reply_does_not_wait_for_the_first_one() -> None:
    outbox = Outbox()
    outbox.put([Delta("a", "x")])
    outbox.take(10.0)
    outbox.put([Delta("a", "y"), Delta("b", "z")])
    assert outbox.take(10.01) == [Delta("a", "y"), Delta("b", "z")]


def test_the_end_is_told_at_once_and_after_all_text() -> None:
    outbox = Outbox()
    outbox.put([Delta("a", "x")])
    outbox.take(10.0)
    ended = Ended("a", FinishReason.STOP, COUNTS)
    outbox.put([Delta("a", "y"), ended])
    assert outbox.take(10.001) == [Delta("a", "y"), ended]


def test_before_a_pause_everything_is_told() -> None:
    outbox = Outbox()
    outbox.put([Delta("a", "x")])
    outbox.take(10.0)
    outbox.put([Delta("a", "y")])
    assert outbox.take(10.001, is_last=True) == [Delta("a", "y")]
    assert outbox.take(11.0) == []


def test_of_the_progress_only_the_newest_counts_and_it_comes_before_the_text() -> None:
    outbox = Outbox()
    outbox.put([reading("a", 1), reading("b", 1), reading("a", 2)])
    outbox.put([reading("b", 2), Delta("b", "x")])
    assert outbox.take(10.0) == [reading("a", 2), reading("b", 2), Delta("b", "x")]

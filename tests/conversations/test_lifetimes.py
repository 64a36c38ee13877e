"""When a temporary conversation is over, with a clock that stands still until it is told."""

import pytest

from appliance.conversations.conversation import Person
from appliance.conversations.lifetimes import GRACE_SECONDS, UNUSED_SECONDS, Lifetimes

ANN = Person(1, "a" * 32, "ann")
EVE = Person(2, "e" * 32, "eve")


class Lives(Lifetimes):
    """One conversation, `c`, and a clock of ours."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(lambda: self.now)
        self.begin(ANN, "c")

    @property
    def is_over(self) -> bool:
        return bool(list(self.over()))


@pytest.fixture
def lives() -> Lives:
    return Lives()


def test_it_ends_a_minute_after_its_only_page_was_closed(lives: Lives) -> None:
    lives.open_page("c", "one")
    lives.now += 100
    lives.close_page("c", "one")
    lives.now += GRACE_SECONDS - 1
    assert not lives.is_over
    lives.now += 1
    assert lives.is_over


def test_a_reload_keeps_it(lives: Lives) -> None:
    lives.open_page("c", "one")
    lives.close_page("c", "one")
    lives.now += 1
    lives.open_page("c", "two")
    lives.now += UNUSED_SECONDS / 2
    assert not lives.is_over


def test_a_page_in_the_background_is_silent_and_keeps_it(lives: Lives) -> None:
    lives.open_page("c", "one")
    lives.open_page("c", "two")
    lives.close_page("c", "one")
    lives.now += 2 * GRACE_SECONDS
    assert not lives.is_over
    lives.close_page("c", "two")
    lives.now += GRACE_SECONDS
    assert lives.is_over


def test_a_page_that_says_goodbye_twice_counts_once(lives: Lives) -> None:
    lives.open_page("c", "one")
    lives.open_page("c", "two")
    lives.close_page("c", "one")
    lives.close_page("c", "one")
    lives.now += GRACE_SECONDS
    assert not lives.is_over


def test_a_page_that_said_goodbye_and_still_asks_for_news_keeps_it(lives: Lives) -> None:
    lives.open_page("c", "one")
    lives.close_page("c", "one")
    for _ in range(10):
        lives.now += GRACE_SECONDS / 2
        lives.see("c", is_use=False)
        assert not lives.is_over
    lives.now += GRACE_SECONDS
    assert lives.is_over


def test_it_ends_after_an_hour_without_use_though_a_page_is_open_and_asks_for_news(
    lives: Lives,
) -> None:
    lives.open_page("c", "one")
    lives.now += UNUSED_SECONDS - 1
    lives.see("c", is_use=False)
    assert not lives.is_over
    lives.now += 1
    assert lives.is_over


def test_every_use_is_another_hour(lives: Lives) -> None:
    for _ in range(3):
        lives.now += UNUSED_SECONDS - 1
        lives.see("c", is_use=True)
    assert not lives.is_over


def test_without_a_page_that_tells_of_itself_it_has_the_hour(lives: Lives) -> None:
    lives.now += UNUSED_SECONDS - 1
    assert not lives.is_over


def test_what_is_over_or_unknown_is_harmless(lives: Lives) -> None:
    lives.end("c")
    lives.end("c")
    lives.see("c", is_use=True)
    lives.open_page("c", "one")
    lives.close_page("c", "one")
    lives.now += UNUSED_SECONDS
    assert not lives.is_over


def test_each_persons_are_their_own(lives: Lives) -> None:
    lives.begin(EVE, "d")
    assert (lives.of(ANN), lives.of(EVE)) == (("c",), ("d",))


def test_pages_without_number_take_no_memory_without_end(lives: Lives) -> None:
    for number in range(10_000):
        lives.open_page("c", f"{number}")
    for number in range(100):
        lives.close_page("c", f"{number}")
    lives.now += GRACE_SECONDS
    assert lives.is_over

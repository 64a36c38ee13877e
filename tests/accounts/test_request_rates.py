"""How often each may ask; nobody waits for the clock on the wall."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts.request_rates import RequestRates


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def asks(rates: RequestRates, who: str, per_minute: int) -> bool:
    """Whether there was room; then it is taken."""
    if rates.seconds_to_next(who, per_minute) > 0:
        return False
    rates.take(who, per_minute)
    return True


def test_a_minutes_worth_may_come_at_once_and_then_one_after_the_other() -> None:
    clock = Clock()
    rates = RequestRates(clock)
    assert [asks(rates, "me", 4) for _ in range(5)] == [True] * 4 + [False]
    assert rates.seconds_to_next("me", 4) == 15
    clock.now += 15
    assert [asks(rates, "me", 4) for _ in range(2)] == [True, False]
    clock.now += 3600
    assert rates.room("me", 4).left == 4


def test_one_does_not_use_up_what_is_anothers() -> None:
    rates = RequestRates(Clock())
    assert asks(rates, "me", 1) and not asks(rates, "me", 1)
    assert asks(rates, "eve", 1)


def test_what_is_left_and_when_it_is_whole_again() -> None:
    rates = RequestRates(Clock())
    rates.take("me", 60)
    rates.take("me", 60)
    room = rates.room("me", 60)
    assert (room.limit, room.left, room.resets_after_seconds) == (60, 58, 2.0)


def test_a_limit_that_is_lowered_holds_at_once() -> None:
    rates = RequestRates(Clock())
    rates.take("me", 100)
    assert rates.room("me", 2).left == 2
    assert [asks(rates, "me", 2) for _ in range(3)] == [True, True, False]


def test_what_is_full_again_is_forgotten() -> None:
    clock = Clock()
    rates = RequestRates(clock)
    for number in range(5000):
        rates.take(f"person {number}", 10)
        clock.now += 10
    assert len(rates._buckets) < 4200


@given(st.integers(1, 300), st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_never_more_than_was_promised_and_never_less(per_minute: int, pauses: list[float]) -> None:
    clock = Clock()
    rates = RequestRates(clock)
    began, admitted = clock.now, 0
    for pause in pauses:
        clock.now += pause
        admitted += asks(rates, "me", per_minute)
        allowed = per_minute + (clock.now - began) * per_minute / 60
        assert admitted <= allowed + 1e-6
        wait = rates.seconds_to_next("me", per_minute)
        assert wait <= 60 / per_minute + 1e-6
        # Whoever waits as long as they are told is let in.
        if wait:
            clock.now += wait + 1e-9
            assert asks(rates, "me", per_minute)
            admitted += 1

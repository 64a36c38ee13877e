import pytest

from appliance.hot.breaker import Breaker


@pytest.fixture
def breaker(clock):
    return Breaker(1.0, clock)


def test_a_closed_breaker_admits_everyone(breaker):
    assert all(breaker.admits() for _ in range(5))


def test_after_a_failure_nobody_is_admitted(breaker, clock):
    assert breaker.failed()
    clock.pass_seconds(0.99)
    assert not breaker.admits()


def test_after_the_pause_one_may_try(breaker, clock):
    breaker.failed()
    clock.pass_seconds(1)
    assert breaker.admits()
    assert not breaker.admits()


def test_a_try_that_never_ends_does_not_keep_others_out_for_ever(breaker, clock):
    breaker.failed()
    clock.pass_seconds(1)
    assert breaker.admits()  # And then it is cancelled: neither success nor failure.
    clock.pass_seconds(1)
    assert breaker.admits()


def test_a_success_closes_it(breaker, clock):
    breaker.failed()
    clock.pass_seconds(1)
    breaker.admits()
    assert breaker.succeeded()
    assert all(breaker.admits() for _ in range(5))


def test_it_tells_when_its_state_changes_and_only_then(breaker):
    assert not breaker.succeeded()
    assert breaker.failed()
    assert not breaker.failed()
    assert breaker.succeeded()

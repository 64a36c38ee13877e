"""Whether the compute thread gets on, as others see it."""

import threading

import pytest
from engine_listener import LIMITS, Listener, submit
from fakes import ScriptedBackend

from appliance.engine.engine import Engine
from appliance.engine.engine_limits import EngineLimits
from appliance.engine.heartbeat import LOADING_SECONDS, STEP_SECONDS, Heartbeat


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_it_may_rest_as_long_as_it_likes(clock: Clock) -> None:
    heartbeat = Heartbeat(clock)
    clock.now += 1e6
    assert heartbeat.is_alive
    heartbeat.begin_step()
    clock.now += STEP_SECONDS + 1
    assert not heartbeat.is_alive
    heartbeat.rest()
    assert heartbeat.is_alive


def test_a_step_that_hangs_shows_and_many_steps_do_not(clock: Clock) -> None:
    backend, listener, heartbeat = ScriptedBackend(gated=True), Listener(), Heartbeat(clock)
    engine = Engine(lambda: backend, EngineLimits(**LIMITS), heartbeat=heartbeat)
    engine.start(listener.publish)
    engine.loaded.wait(30)
    try:
        submit(engine, "a", "hello")
        for steps in range(1, 4):
            backend.let(1)
            listener.wait(lambda steps=steps: len(listener.text("a")) == steps)
            clock.now += STEP_SECONDS - 1
            assert heartbeat.is_alive, "slow, and gets on"
        while heartbeat.is_alive:  # the next step may be about to begin
            clock.now += STEP_SECONDS + 1
        backend.let(10)
        listener.wait_end("a")
    finally:
        backend.let(10_000)
        engine.stop()
    clock.now += 1e6
    assert heartbeat.is_alive, "a thread that has ended hangs no more"


def test_loading_has_longer_and_hangs_in_the_end_too(clock: Clock) -> None:
    goes_on, heartbeat = threading.Event(), Heartbeat(clock)
    has_begun = threading.Event()

    def load() -> ScriptedBackend:
        has_begun.set()
        assert goes_on.wait(30)
        return ScriptedBackend()

    engine = Engine(load, EngineLimits(**LIMITS), heartbeat=heartbeat)
    engine.start(Listener().publish)
    assert has_begun.wait(30)
    clock.now += STEP_SECONDS + 1
    assert heartbeat.is_alive
    clock.now += LOADING_SECONDS
    assert not heartbeat.is_alive
    goes_on.set()
    engine.stop()

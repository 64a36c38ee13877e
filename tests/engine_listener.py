"""What a test of the engine needs beside it: somebody who hears what it publishes."""

import threading
from collections.abc import Callable

from appliance.engine.engine import Engine
from appliance.engine.events import Delta, Ended, Event
from appliance.engine.sequence import SamplingParams

LIMITS = {
    "slots": 4,
    "kv_tokens": 10_000,
    "batch_tokens": 512,
    "waiting_limit": 8,
    "threads": 1,
    "cores": 2,
}


class Listener:
    """Collects what the engine publishes, and lets a test wait for it."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._changed = threading.Condition()

    def publish(self, events: list[Event]) -> None:
        with self._changed:
            self._events += events
            self._changed.notify_all()

    def of(self, sequence_id: str) -> list[Event]:
        with self._changed:
            return [event for event in self._events if event.sequence_id == sequence_id]

    def wait(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, timeout=30), self._events

    def wait_end(self, sequence_id: str) -> Ended:
        def end() -> Ended | None:
            return next((e for e in self.of(sequence_id) if isinstance(e, Ended)), None)

        self.wait(lambda: end() is not None)
        ended = end()
        assert ended is not None
        return ended

    def text(self, sequence_id: str) -> str:
        return "".join(e.text for e in self.of(sequence_id) if isinstance(e, Delta))


def submit(engine: Engine, name: str, text: str, owner: str = "ann", **sampling: object) -> None:
    params = SamplingParams(**{"max_tokens": 1000} | sampling)  # type: ignore[arg-type]
    engine.submit(name, owner, engine.tokenize(text), params)

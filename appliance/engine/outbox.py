"""When what has happened is told: the first word and the end at once, the rest a little together.

Telling wakes the event loop, which wants one of the cores that compute. Nobody sees the difference
between a word now and a word 50 ms later, but the reply is written several percent faster. Pure.
"""

from collections.abc import Iterable

from appliance.engine.events import Delta, Ended, Event, Progress

TOGETHER_SECONDS = 0.05


class Outbox:
    """Collects events; each sequence's stay in order. Text waits at most `together_seconds`."""

    def __init__(self, together_seconds: float = TOGETHER_SECONDS) -> None:
        self._together_seconds = together_seconds
        self._events: list[Event] = []
        self._begun: set[str] = set()
        self._is_urgent = False
        self._told_at = 0.0

    def put(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case Delta(sequence_id) if sequence_id not in self._begun:
                    self._begun.add(sequence_id)
                    self._is_urgent = True
                case Ended(sequence_id):
                    self._begun.discard(sequence_id)
                    self._is_urgent = True
            self._events.append(event)

    def take(self, now: float, *, is_last: bool = False) -> list[Event]:
        """What is to be told now, often nothing.

        `is_last` when the next step may take long, or none comes. Text that came in several steps
        is joined, and of the progress only the newest is told.
        """
        if not self._events or not (
            is_last or self._is_urgent or now - self._told_at >= self._together_seconds
        ):
            return []
        events, self._events = self._events, []
        self._is_urgent, self._told_at = False, now
        return _joined(events)


def _joined(events: list[Event]) -> list[Event]:
    joined: dict[tuple[str, type], Event] = {}
    for event in events:
        key = (event.sequence_id, type(event))
        before = joined.get(key)
        if isinstance(event, Delta) and isinstance(before, Delta):
            event = Delta(event.sequence_id, before.text + event.text)
        elif isinstance(event, Progress):
            joined.pop(key, None)
        joined[key] = event
    return list(joined.values())

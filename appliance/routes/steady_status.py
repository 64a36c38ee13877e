"""What the box is doing, as one reader is told it: moving numbers do not make the words dance."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from appliance.conversations.turn import TurnSnapshot
from appliance.routes.message_data import StatusView
from appliance.routes.reply_words import LEAST_WAIT_SECONDS, status_view, wait_step

PAUSE_SECONDS = 1.0
_HOLD_STEPS = 0.7


class SteadyStatus:
    """Remembers what this reader has been told.

    A new phase or place in the queue is news and is told at once. While only the numbers move, the
    words change once a second at most, and the wait only when it has moved by most of a step.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._told: StatusView | None = None
        self._told_at = 0.0
        self._news: object = None
        self._wait_seconds: float | None = None

    def change(self, snapshot: TurnSnapshot) -> StatusView | None:
        """What is to be told now; None when the reader may keep what is there."""
        news, now = (snapshot.phase, snapshot.place), self._clock()
        if news == self._news and now - self._told_at < PAUSE_SECONDS:
            return None
        self._news = news
        self._wait_seconds = _held(self._wait_seconds, snapshot.wait_seconds)
        status = status_view(replace(snapshot, wait_seconds=self._wait_seconds))
        if status == self._told:
            return None
        self._told, self._told_at = status, now
        return status


def _held(told: float | None, seconds: float | None) -> float | None:
    """The wait to speak of: the one told before while the new one is close to it.

    One that is as good as over is believed at once.
    """
    if told is None or seconds is None or seconds < LEAST_WAIT_SECONDS:
        return seconds
    return told if abs(seconds - told) < _HOLD_STEPS * wait_step(seconds) else seconds

"""Backups give way: whoever waits for a reply comes first.

Where the system lets us, this process computes only when nobody else wants to. Where it does not
(the fence of the service), it works in short pieces and rests longer than it worked.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress

PIECE_SECONDS = 0.02
"""Longest that it works at a stretch, if the piece of work can be cut; a step of the engine may
take ten times as long."""
_NICENESS = 19


class Pace:
    """`rest` is called after each piece of work. A fresh one rests as long as it worked."""

    def __init__(
        self,
        rest_for_work: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.rest_for_work = rest_for_work
        self._clock = clock
        self._sleep = sleep
        self._began = clock()

    def rest(self) -> None:
        """If it was at work for long enough."""
        worked = self._clock() - self._began
        if worked >= PIECE_SECONDS:
            self._sleep(worked * self.rest_for_work)
            self._began = self._clock()

    def step_aside(self) -> None:
        """From now on there is no hurry: nobody is held up by how long it takes."""
        with suppress(OSError):
            os.nice(_NICENESS)
        try:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        except OSError:
            self.rest_for_work = 3.0
        else:
            self.rest_for_work = 0.0


class InHurry(Pace):
    """Somebody waits for it: no rest, and no stepping aside."""

    def rest(self) -> None:
        return

    def step_aside(self) -> None:
        return

"""Whether the compute thread still gets on, as others can see it.

The thread says what it begins and how long that may take; whoever looks after it sees whether it
has taken longer. One number, so that it is read and written without a lock.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic

STEP_SECONDS = 60.0
"""One command or step. Steps are planned for 0.2 s; the first ones of a large model on a slow box,
or beside busy neighbours, take many times that.
"""
LOADING_SECONDS = 600.0
"""Loading, from one percent to the next: a large model on a slow disk; and writing every seat to
that disk.
"""


class Heartbeat:
    """Alive while it rests, and for so long after it has begun something."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._due_at = inf

    @property
    def is_alive(self) -> bool:
        """From any thread."""
        return self._clock() <= self._due_at

    def begin_step(self) -> None:
        """Or a command: it takes at most STEP_SECONDS."""
        self._due_at = self._clock() + STEP_SECONDS

    def begin_loading(self) -> None:
        """Or one more percent of it, or a write of every seat: LOADING_SECONDS."""
        self._due_at = self._clock() + LOADING_SECONDS

    def rest(self) -> None:
        """There is nothing to do, for however long."""
        self._due_at = inf

    @contextmanager
    def resting(self) -> Iterator[None]:
        """The same, until the block is left: something comes then."""
        self.rest()
        try:
            yield
        finally:
            self.begin_step()

"""How many threads compute, while something else on the box wants cores, too.

The threads of a step wait for each other hundreds of times a token. As soon as one of them shares
its core with somebody else, all wait for it, and fewer threads are faster: beside one busy process
on two cores, one thread writes 42 tokens/s and two write 27. Pure: the caller has the clock and the
readings.
"""

from collections.abc import Callable

_WINDOW_SECONDS = 0.25
_STALE_SECONDS = 1.0
# Fewer at once, more only after this many quiet windows, so that it does not swing.
_QUIET_WINDOWS = 3
_NOT_WORTH_A_CORE = 0.4


class ThreadGovernor:
    """Lowers the number of threads while others compute, and returns to `most` later.

    `others_seconds` reads how much processor time others have used so far on the `cores` that this
    process may use, in seconds.
    """

    def __init__(self, most: int, cores: int, others_seconds: Callable[[], float]) -> None:
        self._most = most
        self._cores = cores
        self._others_seconds = others_seconds
        self._threads = most
        self._window: tuple[float, float] | None = None
        self._quiet_windows = 0

    @property
    def threads(self) -> int:
        return self._threads

    def after_step(self, now: float) -> int | None:
        """The number of threads from now on when it changes, else None."""
        if self._window is None or now - self._window[0] > _STALE_SECONDS + _WINDOW_SECONDS:
            self._window = (now, self._others_seconds())
            return None
        began, others_before = self._window
        if now - began < _WINDOW_SECONDS:
            return None
        others = self._others_seconds()
        self._window = (now, others)
        return self._decide((others - others_before) / (now - began))

    def _decide(self, busy_cores: float) -> int | None:
        wanted = self._most
        if busy_cores > _NOT_WORTH_A_CORE:
            wanted = min(self._most, max(1, round(self._cores - busy_cores)))
        if wanted >= self._threads:
            self._quiet_windows = self._quiet_windows + 1 if wanted > self._threads else 0
            if self._quiet_windows < _QUIET_WINDOWS:
                return None
        self._quiet_windows = 0
        self._threads = wanted
        return wanted

"""When to stop asking a server that is away, and when to ask again. The clock is passed in."""

from collections.abc import Callable


class Breaker:
    """Closed: everyone may ask. Open: nobody. After each pause one may try; its luck decides."""

    def __init__(self, pause_seconds: float, clock: Callable[[], float]) -> None:
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._next_try: float | None = None

    @property
    def is_open(self) -> bool:
        return self._next_try is not None

    def admits(self) -> bool:
        """Whether the caller may ask now. A yes while open is the one try of this pause."""
        if self._next_try is None:
            return True
        if self._clock() < self._next_try:
            return False
        # The next pause begins here, so that a try that is cancelled takes no one's turn for ever.
        self._next_try = self._clock() + self._pause_seconds
        return True

    def succeeded(self) -> bool:
        """Closes; True when it was open."""
        was_open, self._next_try = self.is_open, None
        return was_open

    def failed(self) -> bool:
        """Opens for one pause; True when it was closed."""
        was_open = self.is_open
        self._next_try = self._clock() + self._pause_seconds
        return not was_open

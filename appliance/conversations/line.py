"""How turns begin again after a breakdown: one at a time.

Nobody knows which of them it was. So each begins when the one before it has written more, and the
store knows that, or is over: the next breakdown then counts against the one that had just begun,
and not against those beside it.
"""

import asyncio
from contextlib import suppress

PATIENCE_SECONDS = 10.0
"""How long the next one waits for one that has begun and writes nothing: nobody waits for ever."""


class PlaceInLine:
    """One turn's place, behind the one `before` it. One event loop."""

    def __init__(self, before: "PlaceInLine | None" = None) -> None:
        self._before = before
        self._has_begun, self._is_left = asyncio.Event(), asyncio.Event()

    @classmethod
    def of_nobody(cls) -> "PlaceInLine":
        """For a turn that waits for nobody, and nobody for it."""
        place = cls()
        place.leave()
        return place

    @property
    def is_behind(self) -> bool:
        """Whether this turn may have to wait for others."""
        return self._before is not None

    @property
    def is_left(self) -> bool:
        """Whether nobody has to wait for this turn any more."""
        return self._is_left.is_set()

    async def come_first(self) -> None:
        """Wait until this turn may begin."""
        before = self._before
        while before is not None:
            await before._has_begun.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await before._is_left.wait()
            before = before._before  # Still there when that turn was stopped while it waited.
        self._before = None

    def begin(self) -> None:
        """This turn runs, and the store knows."""
        self._has_begun.set()

    def leave(self) -> None:
        """It has got on, or is over."""
        self._has_begun.set()
        self._is_left.set()

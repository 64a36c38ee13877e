"""Who may use the model, and when it may be changed: many users, or one change."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from appliance.errors import EngineUnavailable
from appliance.sentences import say

CHANGING = say("The model is being changed. Try again in a moment.")


class ModelGate:
    """A change waits for everybody who uses the model; who comes after it waits for the change.

    So what was made into tokens of one model is never read by another. One event loop.
    """

    def __init__(self) -> None:
        self._users = 0
        self._is_changing = False
        self._moved = asyncio.Event()

    @property
    def is_changing(self) -> bool:
        """A change is wanted, or under way."""
        return self._is_changing

    @asynccontextmanager
    async def using(self) -> AsyncIterator[None]:
        """Use the model for as long as the block takes."""
        while self._is_changing:
            await self._next_move()
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """One more user, at once: somebody who uses it already, or while nobody wants a change.

        Raises EngineUnavailable.
        """
        if self._is_changing and not self._users:
            raise EngineUnavailable(CHANGING)
        self._users += 1

    def leave(self) -> None:
        self._users -= 1
        self._move()

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[None]:
        """The model may be changed in the block. One at a time."""
        assert not self._is_changing, "one change at a time"
        self._is_changing = True
        try:
            while self._users:
                await self._next_move()
            yield
        finally:
            self._is_changing = False
            self._move()

    async def _next_move(self) -> None:
        moved = self._moved
        await moved.wait()

    def _move(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

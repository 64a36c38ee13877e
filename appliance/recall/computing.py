"""Where embeddings are computed: on the engine's thread between two steps, or on one of its own.

A second busy thread beside a model that writes would slow everybody down, so with a model in this
box both take turns (`Engine.call`). While there is none, it loads, or another machine answers,
there is nobody to take turns with.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Any, Protocol, TypeVar

SHARE = 9
"""While somebody waits for the engine: so much longer than its work took, the background waits."""

Answer = TypeVar("Answer")


class Turns(Protocol):
    """Somebody who computes already, and lets others in between."""

    @property
    def is_computing(self) -> bool:
        """Whether somebody waits for what is computed there."""
        ...

    def call(self, function: Callable[[], Any]) -> "Future[Any] | None":
        """Run it there; None when nothing is computed there at all."""
        ...


class NoTurns:
    """Nobody computes in this process."""

    is_computing = False

    def call(self, function: Callable[[], Any]) -> None:
        return None


NO_TURNS = NoTurns()


class Computing:
    """Runs one heavy function after the other."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._own = ThreadPoolExecutor(1, thread_name_prefix="recall")

    @property
    def is_shared(self) -> bool:
        """Whether somebody waits while something is computed here."""
        return self._turns.is_computing

    async def run(self, function: Callable[[], Answer]) -> Answer:
        """What it returns or raises; short, as others wait meanwhile."""
        called = self._turns.call(function)
        if called is None:
            return await self.run_aside(function)
        answer: Answer = await asyncio.wrap_future(called)
        return answer

    async def run_in_background(self, function: Callable[[], Answer]) -> Answer:
        """The same for what nobody waits for: while replies are written, nine tenths of the time
        are theirs, after each piece of work anew.
        """

        def timed() -> tuple[Answer, float]:
            began = monotonic()
            return function(), monotonic() - began

        answer, seconds = await self.run(timed)
        if self.is_shared:
            await asyncio.sleep(SHARE * seconds)
        return answer

    def run_aside(self, function: Callable[[], Answer]) -> Awaitable[Answer]:
        """The same on a thread of its own, for what takes seconds: a model that is loaded."""
        return asyncio.get_running_loop().run_in_executor(self._own, function)

    def close(self) -> None:
        """What is under way comes to its end by itself."""
        self._own.shutdown(wait=False, cancel_futures=True)

"""Replies being generated, as async iterators of events, whichever kind of engine writes them.

`Generations` is what callers know of an engine: `engine_generations.py` has the one in this
process, `remote/generations.py` the one of a machine elsewhere.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sized
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import structlog

from appliance.conversations.conversation import Person
from appliance.engine.events import Ended, Event, Progress, SequenceCounts
from appliance.engine.sequence import Priority, SamplingParams

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Handling:
    """What an engine is to know of a prompt besides its words.

    Its first `public_tokens` are the box's own; `tag` is what it belongs to; `accepted_at` is the
    `time.monotonic` reading when somebody began to wait for it, and without one how long it takes
    is in no metric; without `may_save` nothing of it may ever be on a disk; `reuse_tokens` is as in
    `Engine.submit`.
    """

    public_tokens: int = 0
    tag: str | None = None
    priority: Priority = Priority.NORMAL
    accepted_at: float | None = None
    may_save: bool = True
    reuse_tokens: int | None = None


USUAL = Handling()

Observe = Callable[[Event], None]
"""Sees each event of one sequence, on the event loop; must return at once."""

Observer = Callable[[float | None], Observe]
"""Makes one for a sequence that somebody has waited for since that reading of the clock."""


def nobody_observes(accepted_at: float | None) -> Observe:
    return lambda event: None


CountReply = Callable[[Person, SequenceCounts], None]
"""Notes what a reply has cost, and who had asked for it."""


def nobody_counts(person: Person, counts: SequenceCounts) -> None:
    return


class Generation:
    """One running sequence. Leaving the `async with` block cancels it if it is not over.

    `cancel` is given the id and asks whoever writes it to stop; `observe` sees each event.
    """

    def __init__(self, sequence_id: str, cancel: Callable[[str], None], observe: Observe) -> None:
        self._cancel = cancel
        self._observe = observe
        self._events: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._is_over = False
        self._told_end: Callable[[SequenceCounts], None] = lambda counts: None
        self.sequence_id = sequence_id

    def deliver(self, event: Event) -> None:
        """Called on the event loop. Only the newest progress is of interest to anybody."""
        self._observe(event)
        if isinstance(event, Ended):
            self._told_end(event.counts)
        if isinstance(event, Progress) and self._events and isinstance(self._events[-1], Progress):
            self._events[-1] = event
        else:
            self._events.append(event)
        self._arrived.set()

    def when_ended(self, told: Callable[[SequenceCounts], None]) -> None:
        """Tell what it has cost when it is over, whether or not anybody still reads."""
        self._told_end = told

    def cancel(self) -> None:
        """Ask the engine to stop; its `Ended` event follows within one step."""
        self._cancel(self.sequence_id)

    async def __aenter__(self) -> "Generation":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._is_over:
            self.cancel()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while not self._is_over:
            await self._arrived.wait()
            self._arrived.clear()
            while self._events:
                event = self._events.popleft()
                self._is_over = isinstance(event, Ended)
                yield event


class Generations(Protocol):
    """An engine of either kind, as turns and completions see it."""

    async def start(self) -> None:
        """Start it; what takes long goes on in the background."""

    async def stop(self) -> None: ...

    @property
    def open_count(self) -> int: ...

    @property
    def begun_count(self) -> int:
        """How many were ever begun: whoever runs alone sees by it whether that stays so."""

    async def wait_idle(self) -> None:
        """Wait until nothing is being generated."""

    @property
    def swaps(self) -> int:
        """How often the model was changed: a prompt made before is none for the one of now."""

    async def wait_ready(self) -> None:
        """Wait while the model loads. Raises EngineUnavailable when there is none."""

    def using_model(self) -> AbstractAsyncContextManager[None]:
        """The same, and the model stays until the block is left: from the first count of a prompt
        to the end of its reply.
        """
        ...

    def ensure_ready(self) -> None:
        """For whoever does not wait. Raises EngineUnavailable while there is no model, or another
        one is about to come.
        """

    def begin(
        self,
        owner: str,
        prompt: Sized,
        sampling: SamplingParams,
        handling: Handling = USUAL,
    ) -> Generation:
        """Submit a prompt as this engine's own tokenizer made it; its length is in tokens.

        Raises EngineUnavailable, PromptTooLong, InvalidInput.
        """
        ...

    async def forget(self, owner: str, tag: str | None = None) -> int:
        """Take somebody's words, or those of one tag, out of what this box holds of them, but for
        what is being written; says how many states held them. Raises EngineError when something
        could not be deleted.
        """
        ...


def log_end(event: Ended) -> None:
    """One line for each reply; its words are never logged."""
    log.info(
        "sequence ended",
        finish_reason=str(event.finish_reason),
        prompt_tokens=event.counts.prompt_tokens,
        cached_tokens=event.counts.cached_tokens,
        completion_tokens=event.counts.completion_tokens,
    )

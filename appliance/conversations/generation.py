"""The async face of the engine: one sequence as an async iterator of events.

The way back from the compute thread to the event loop is written here and nowhere else: one
`call_soon_threadsafe` a step, harmless when the reader has gone or the loop is closed.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType

import structlog

from appliance.conversations.conversation import new_id
from appliance.engine.engine import Engine, EngineState
from appliance.engine.events import Ended, Event, Progress
from appliance.engine.sequence import Priority, SamplingParams
from appliance.errors import EngineUnavailable

log = structlog.get_logger(__name__)

Observe = Callable[[Event], None]
"""Sees each event of one sequence, on the event loop; must return at once."""


class Generation:
    """One running sequence. Leaving the `async with` block cancels it if it is not over."""

    def __init__(self, engine: Engine, sequence_id: str, observe: Observe) -> None:
        self._engine = engine
        self._observe = observe
        self._events: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._is_over = False
        self.sequence_id = sequence_id

    def deliver(self, event: Event) -> None:
        """Called on the event loop. Only the newest progress is of interest to anybody."""
        self._observe(event)
        if isinstance(event, Progress) and self._events and isinstance(self._events[-1], Progress):
            self._events[-1] = event
        else:
            self._events.append(event)
        self._arrived.set()

    def cancel(self) -> None:
        """Ask the engine to stop; its `Ended` event follows within one step."""
        self._engine.cancel(self.sequence_id)

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


class Generations:
    """All running sequences of this process."""

    def __init__(
        self, engine: Engine, observer: Callable[[float | None], Observe] | None = None
    ) -> None:
        self._engine = engine
        self._observer = observer or (lambda accepted_at: lambda event: None)
        self._open: dict[str, Generation] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loading: asyncio.Task[bool] | None = None

    async def start(self) -> None:
        """Start the engine; the model loads in the background."""
        self._loop = asyncio.get_running_loop()
        self._engine.start(self._publish)
        self._loading = asyncio.create_task(asyncio.to_thread(self._engine.loaded.wait))

    async def stop(self) -> None:
        await asyncio.to_thread(self._engine.stop)

    @property
    def open_count(self) -> int:
        return len(self._open)

    async def wait_ready(self) -> None:
        """Wait while the model loads. Raises EngineUnavailable when it could not be."""
        if self._loading is not None:
            await asyncio.shield(self._loading)
        if self._engine.state is not EngineState.READY:
            raise EngineUnavailable(self._engine.failure or "The engine has stopped.")

    def begin(
        self,
        owner: str,
        prompt: list[int],
        sampling: SamplingParams,
        public_tokens: int = 0,
        *,
        tag: str | None = None,
        priority: Priority = Priority.NORMAL,
        accepted_at: float | None = None,
    ) -> Generation:
        """Submit a prompt; `Engine.submit` says what the arguments mean.

        `accepted_at` is the `time.monotonic` reading when somebody began to wait for it; without
        one nobody does, and how long it takes is in no metric.
        Raises EngineUnavailable, PromptTooLong.
        """
        generation = Generation(self._engine, new_id(), self._observer(accepted_at))
        self._engine.submit(
            generation.sequence_id,
            owner,
            prompt,
            sampling,
            public_tokens,
            tag=tag,
            priority=priority,
        )
        self._open[generation.sequence_id] = generation
        return generation

    async def forget(self, owner: str, tag: str | None = None) -> None:
        """Take somebody's words, or those of one tag, out of the KV cache and off the disk, but
        for what is being written. Raises EngineError when something could not be deleted.
        """
        await asyncio.wrap_future(self._engine.forget(owner, tag))

    def _publish(self, events: list[Event]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to read
            self._loop.call_soon_threadsafe(self._deliver, events)

    def _deliver(self, events: list[Event]) -> None:
        for event in events:
            generation = self._open.get(event.sequence_id)
            if generation is None:
                continue
            generation.deliver(event)
            if isinstance(event, Ended):
                del self._open[event.sequence_id]
                log.info(
                    "sequence ended",
                    finish_reason=str(event.finish_reason),
                    prompt_tokens=event.counts.prompt_tokens,
                    cached_tokens=event.counts.cached_tokens,
                    completion_tokens=event.counts.completion_tokens,
                )

"""Replies being generated, as async iterators of events, whichever kind of engine writes them.

`Generations` is what callers know of an engine. `EngineGenerations` is the one in this process: the
way back from the compute thread to the event loop is written here and nowhere else: one
`call_soon_threadsafe` a step, harmless when the reader has gone or the loop is closed.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sized
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Protocol

import structlog

from appliance.conversations.conversation import new_id
from appliance.conversations.model_gate import CHANGING, ModelGate
from appliance.engine.engine import Engine, EngineState, LoadModel
from appliance.engine.events import Ended, Event, Progress
from appliance.engine.sequence import Priority, SamplingParams
from appliance.errors import EngineUnavailable

log = structlog.get_logger(__name__)

Observe = Callable[[Event], None]
"""Sees each event of one sequence, on the event loop; must return at once."""

Observer = Callable[[float | None], Observe]
"""Makes one for a sequence that somebody has waited for since that reading of the clock."""


def nobody_observes(accepted_at: float | None) -> Observe:
    return lambda event: None


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
        public_tokens: int = 0,
        *,
        tag: str | None = None,
        priority: Priority = Priority.NORMAL,
        accepted_at: float | None = None,
    ) -> Generation:
        """Submit a prompt as this engine's own tokenizer made it; its length is in tokens.

        Its first `public_tokens` are the box's own words; `tag` is what it belongs to;
        `accepted_at` is the `time.monotonic` reading when somebody began to wait for it, and
        without one how long it takes is in no metric. Raises EngineUnavailable, PromptTooLong,
        InvalidInput.
        """
        ...

    async def forget(self, owner: str, tag: str | None = None) -> None:
        """Take somebody's words, or those of one tag, out of what this box holds of them, but for
        what is being written. Raises EngineError when something could not be deleted.
        """


class EngineGenerations:
    """All running sequences of the engine in this process."""

    def __init__(self, engine: Engine, observer: Observer = nobody_observes) -> None:
        self._engine = engine
        self._observer = observer
        self._open: dict[str, Generation] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loading: asyncio.Task[bool] | None = None
        self._gate = ModelGate()

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
        async with self.using_model():
            return

    @asynccontextmanager
    async def using_model(self) -> AsyncIterator[None]:
        """The same, and the model is not changed before the block is left."""
        async with self._gate.using():
            if self._loading is not None:
                await asyncio.shield(self._loading)
            self._check_loaded()
            yield

    def ensure_ready(self) -> None:
        if self._gate.is_changing:
            raise EngineUnavailable(CHANGING)
        self._check_loaded()

    def _check_loaded(self) -> None:
        if self._engine.state is EngineState.LOADING:
            raise EngineUnavailable("The model is still loading. Try again in a moment.")
        if self._engine.state is not EngineState.READY:
            raise EngineUnavailable(self._engine.failure or "The engine has stopped.")

    async def replace_model(self, load: LoadModel, load_again: LoadModel) -> str | None:
        """Once nobody uses the old model, free it and load another one; when that fails, the old
        one by `load_again`. Returns the sentence that says why it failed.
        """
        async with self._gate.changing():
            failure = await asyncio.wrap_future(self._engine.replace(load))
            if failure is not None:
                await asyncio.wrap_future(self._engine.replace(load_again))
            return failure

    def begin(
        self,
        owner: str,
        prompt: Sized,
        sampling: SamplingParams,
        public_tokens: int = 0,
        *,
        tag: str | None = None,
        priority: Priority = Priority.NORMAL,
        accepted_at: float | None = None,
    ) -> Generation:
        """Submit token ids; `Engine.submit` says what the arguments mean.

        Raises EngineUnavailable, PromptTooLong.
        """
        assert isinstance(prompt, list), "the engine's own tokenizer makes lists of token ids"
        generation = Generation(new_id(), self._engine.cancel, self._observer(accepted_at))
        self._engine.submit(
            generation.sequence_id,
            owner,
            prompt,
            sampling,
            public_tokens,
            tag=tag,
            priority=priority,
        )
        self._gate.enter()
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
                self._gate.leave()
                log_end(event)


def log_end(event: Ended) -> None:
    """One line for each reply; its words are never logged."""
    log.info(
        "sequence ended",
        finish_reason=str(event.finish_reason),
        prompt_tokens=event.counts.prompt_tokens,
        cached_tokens=event.counts.cached_tokens,
        completion_tokens=event.counts.completion_tokens,
    )

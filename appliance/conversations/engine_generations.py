"""The generations of the engine in this process.

The way back from the compute thread to the event loop is written here and nowhere else: one
`call_soon_threadsafe` a step, harmless when the reader has gone or the loop is closed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sized
from contextlib import asynccontextmanager

from appliance.conversations.conversation import new_id
from appliance.conversations.generation import (
    USUAL,
    Generation,
    Handling,
    Observer,
    log_end,
    nobody_observes,
)
from appliance.conversations.model_gate import CHANGING, ModelGate
from appliance.conversations.open_generations import OpenGenerations
from appliance.engine.engine import Engine, EngineState, LoadModel
from appliance.engine.events import Ended, Event
from appliance.engine.sequence import SamplingParams
from appliance.errors import EngineUnavailable
from appliance.sentences import say


class EngineGenerations:
    """All running sequences of the engine in this process."""

    def __init__(self, engine: Engine, observer: Observer = nobody_observes) -> None:
        self._engine = engine
        self._observer = observer
        self._open = OpenGenerations()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loading: asyncio.Task[bool] | None = None
        self._gate = ModelGate()
        self.swaps = 0

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

    @property
    def begun_count(self) -> int:
        return self._open.begun_count

    async def wait_idle(self) -> None:
        await self._open.wait_idle()

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
            raise EngineUnavailable(say("The model is still loading. Try again in a moment."))
        if self._engine.state is not EngineState.READY:
            raise EngineUnavailable(self._engine.failure or say("The engine has stopped."))

    async def replace_model(self, load: LoadModel, load_again: LoadModel) -> str | None:
        """Once nobody uses the old model, free it and load another one; when that fails, the old
        one by `load_again`. Returns the sentence that says why it failed.
        """
        async with self._gate.changing():
            self.swaps += 1
            failure = await asyncio.wrap_future(self._engine.replace(load))
            if failure is not None:
                await asyncio.wrap_future(self._engine.replace(load_again))
            return failure

    def begin(
        self,
        owner: str,
        prompt: Sized,
        sampling: SamplingParams,
        handling: Handling = USUAL,
    ) -> Generation:
        """Submit token ids. Raises EngineUnavailable, PromptTooLong."""
        assert isinstance(prompt, list), "the engine's own tokenizer makes lists of token ids"
        generation = Generation(new_id(), self._engine.cancel, self._observer(handling.accepted_at))
        self._engine.submit(
            generation.sequence_id,
            owner,
            prompt,
            sampling,
            handling.public_tokens,
            tag=handling.tag,
            priority=handling.priority,
            may_save=handling.may_save,
            reuse_tokens=handling.reuse_tokens,
        )
        self._gate.enter()
        self._open.add(generation)
        return generation

    async def forget(self, owner: str, tag: str | None = None) -> int:
        """Take somebody's words, or those of one tag, out of the KV cache and off the disk, but
        for what is being written; says how many states held them. Raises EngineError when
        something could not be deleted.
        """
        return await asyncio.wrap_future(self._engine.forget(owner, tag))

    def _publish(self, events: list[Event]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to read
            self._loop.call_soon_threadsafe(self._deliver, events)

    def _deliver(self, events: list[Event]) -> None:
        for event in events:
            generation = self._open.find(event.sequence_id)
            if generation is None:
                continue
            generation.deliver(event)
            if isinstance(event, Ended):
                self._open.remove(event.sequence_id)
                self._gate.leave()
                log_end(event)

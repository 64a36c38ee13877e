"""Takes up another choice of model while the box runs.

The replies that are being written come to their end first; what is sent meanwhile is stored and
waits for the new model. A model that cannot be loaded leaves the old one answering.
"""

import asyncio

import structlog

from appliance.conversations.box_status import BoxStatus, box_status
from appliance.conversations.engine_generations import EngineGenerations
from appliance.engine.engine import Engine, EngineState
from appliance.errors import ModelError
from appliance.model_choice import ModelChoice
from appliance.sentences import said_before, say

log = structlog.get_logger(__name__)


class ModelSwap:
    """The running box's side of `appliance model use`, and what it tells about it."""

    def __init__(self, model: ModelChoice, engine: Engine, generations: EngineGenerations) -> None:
        self._model = model
        self._engine = engine
        self._generations = generations
        self._swapping: asyncio.Task[None] | None = None
        self._looks_again = False
        self._next_name = ""
        self._trouble = ""

    def take_up(self) -> None:
        """Look at the choice; if it is another one, change the model in the background."""
        if self._swapping is not None and not self._swapping.done():
            self._looks_again = True
            return
        self._swapping = asyncio.create_task(self._swap_until_right(), name="model-swap")

    async def wait_done(self) -> None:
        """Return when no change is under way."""
        if self._swapping is not None:
            await asyncio.wait([self._swapping])

    async def stop(self) -> None:
        """Give up a change that still waits for replies."""
        if self._swapping is not None:
            self._swapping.cancel()
            await asyncio.wait([self._swapping])

    def status(self) -> BoxStatus:
        """How the box is, with what is to be known of a change."""
        name, engine = self._model.name, self._engine
        if engine.state is EngineState.LOADING:
            return box_status(engine.state, name, None, loaded_percent=self._model.loaded_percent)
        if self._next_name:
            return BoxStatus(
                "loading",
                name,
                say(
                    "%(model)s answers as soon as the replies being written are done.",
                    model=self._next_name,
                ),
                is_changing=True,
            )
        trouble = self._trouble or self._model.draft_trouble
        return box_status(engine.state, name, engine.failure, trouble=trouble)

    async def _swap_until_right(self) -> None:
        self._looks_again = True
        while self._looks_again:
            self._looks_again = False
            wanted = await asyncio.to_thread(self._model.wanted)
            if wanted != self._model.name or self._engine.state is EngineState.FAILED:
                await self._swap(wanted)

    async def _swap(self, wanted: str) -> None:
        old, self._trouble = self._model.name, ""
        try:
            await asyncio.to_thread(self._model.check, wanted)
        except ModelError as error:
            self._trouble = say(
                "%(wanted)s cannot be used: %(reason)s %(old)s goes on answering.",
                wanted=wanted,
                reason=error.sentence,
                old=old,
            )
            log.warning("the model is not changed", wanted=wanted, reason=str(error))
            return
        log.info("the model changes", old=old, new=wanted)
        self._next_name = wanted
        try:
            failure = await self._generations.replace_model(
                self._model.loader(wanted), self._model.loader(old)
            )
        finally:
            self._next_name = ""
        if failure is None:
            log.info("the model has changed", model=wanted)
        else:
            self._trouble = say(
                "%(wanted)s could not be loaded: %(reason)s %(old)s goes on answering.",
                wanted=wanted,
                reason=said_before(failure),
                old=old,
            )
            log.warning("the model could not be loaded", model=wanted, reason=failure)

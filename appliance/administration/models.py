"""What an admin does with the models of the box, as `appliance model` does on the command line."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from appliance.administration.additions import Addition, Additions
from appliance.administration.own_thread import on_own_thread
from appliance.conversations.box_status import BoxStatus
from appliance.errors import ApplianceError, Conflict, NotFound
from appliance.model_files.installed import InstalledModel
from appliance.model_files.library import ModelLibrary
from appliance.model_files.receiving import KEPT_FREE_BYTES
from appliance.sentences import say

_NO_MODEL = say("There is no model of that name. It may have been removed.")
_READS_ALREADY = say("A model's file is being read already. Wait until that is done.")
_ELSEWHERE = say(
    "Another machine answers (the setting engine.url), so it makes no difference which model of "
    "this box is chosen."
)
_IN_SETTINGS = say(
    "The settings name the model that answers (model.name). Take that out of them to choose here."
)

log = structlog.get_logger(__name__)


class Swap(Protocol):
    """Takes up another choice of model while the box runs."""

    def take_up(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """Which model answers by the settings, and what may be changed about it here."""

    default: str
    in_settings: str
    draft: str | None


@dataclass(slots=True)
class Reading:
    """A model whose file is being read, or was read last; `trouble` says what is wrong with it."""

    name: str
    is_before_use: bool
    is_over: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ModelsNow:
    """All there is to see of the models."""

    models: tuple[InstalledModel, ...]
    chosen: str
    box: BoxStatus
    reading: Reading | None
    addition: Addition | None
    files: tuple[str, ...]
    folder: Path
    free_bytes: int
    """Room for more of them, beside what stays free for everything else."""
    fixed: str
    """Why nothing can be chosen here, if so."""


class Models:
    """One object a process. `swap` is None where another machine answers."""

    def __init__(
        self,
        library: ModelLibrary,
        additions: Additions,
        plan: ModelPlan,
        status: Callable[[], BoxStatus],
        swap: Swap | None,
    ) -> None:
        self.additions = additions
        self._library = library
        self._plan = plan
        self._status = status
        self._swap = swap
        self._reading: Reading | None = None
        self._task: asyncio.Task[None] | None = None

    async def now(self) -> ModelsNow:
        """What is here, and what is being done with it. Raises ModelRefused for a damaged list."""
        return await asyncio.to_thread(self._now)

    async def verify(self, name: str) -> None:
        """Begin to read the whole file and compare it. Raises NotFound, Conflict."""
        await self._check_known(name)
        self._begin(name, self._verify(name), is_before_use=False)

    async def use(self, name: str) -> None:
        """Let it answer, once its file is looked at and the replies being written are done.

        Raises NotFound, Conflict.
        """
        await self._check_known(name)
        if fixed := self._fixed():
            raise Conflict(fixed)
        self._begin(name, self._use(name), is_before_use=True)

    async def remove(self, name: str) -> InstalledModel:
        """Forget it and delete its file. Raises NotFound, ModelError, Conflict."""
        await self._check_known(name)
        now = await self.now()
        if name in (now.chosen, now.box.model_name, self._plan.draft):
            raise Conflict(
                say("%(name)s is the one that answers. Let another one answer first.", name=name)
            )
        if self._is_reading():
            raise Conflict(_READS_ALREADY)
        return await asyncio.to_thread(self._library.remove, name)

    async def wait_read(self) -> None:
        """Return when no file is being read."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """Give up whatever is under way."""
        await self.additions.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _check_known(self, name: str) -> None:
        models = await asyncio.to_thread(self._library.list)
        if name not in {model.name for model in models}:
            raise NotFound(_NO_MODEL)

    def _now(self) -> ModelsNow:
        free_bytes = 0
        with suppress(OSError):
            there = self._library.directory
            while not there.exists():
                there = there.parent
            free_bytes = max(0, shutil.disk_usage(there).free - KEPT_FREE_BYTES)
        return ModelsNow(
            models=self._library.list(),
            chosen=self._library.chosen(self._plan.in_settings, self._plan.default),
            box=self._status(),
            reading=self._reading,
            addition=self.additions.last,
            files=self.additions.files(),
            folder=self.additions.folder,
            free_bytes=free_bytes,
            fixed=self._fixed(),
        )

    def _fixed(self) -> str:
        if self._swap is None:
            return _ELSEWHERE
        return _IN_SETTINGS if self._plan.in_settings != self._plan.default else ""

    def _is_reading(self) -> bool:
        return self._reading is not None and not self._reading.is_over

    def _begin(self, name: str, work: Coroutine[Any, Any, None], *, is_before_use: bool) -> None:
        if self._is_reading():
            work.close()
            raise Conflict(_READS_ALREADY)
        self._reading = reading = Reading(name, is_before_use)
        self._task = asyncio.create_task(self._read(reading, work), name="model-reading")

    async def _read(self, reading: Reading, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ApplianceError as error:
            reading.trouble = error.sentence
        except Exception:  # the border of work in the background: somebody must hear of it
            log.exception("a model could not be read")
            reading.trouble = say("Something went wrong inside the box; the log has the details.")
        finally:
            reading.is_over = True

    async def _verify(self, name: str) -> None:
        await on_own_thread(lambda: self._library.verify(name), "model-verify")

    async def _use(self, name: str) -> None:
        await on_own_thread(lambda: self._library.use(name), "model-use")
        assert self._swap is not None, "asked before"
        self._swap.take_up()

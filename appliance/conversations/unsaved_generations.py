"""An engine of either kind for words that must never be on a disk.

The promise stands here once, so that nobody who asks for a reply, a title or a summary at the desk
of temporary conversations can forget it.
"""

from collections.abc import Sized
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from appliance.conversations.generation import USUAL, Generation, Generations, Handling
from appliance.engine.sequence import SamplingParams


class UnsavedGenerations:
    """The same engine to its callers; none of their KV state is ever saved."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations

    async def start(self) -> None:
        await self._generations.start()

    async def stop(self) -> None:
        await self._generations.stop()

    @property
    def open_count(self) -> int:
        return self._generations.open_count

    @property
    def begun_count(self) -> int:
        return self._generations.begun_count

    async def wait_idle(self) -> None:
        await self._generations.wait_idle()

    @property
    def swaps(self) -> int:
        return self._generations.swaps

    async def wait_ready(self) -> None:
        await self._generations.wait_ready()

    def using_model(self) -> AbstractAsyncContextManager[None]:
        return self._generations.using_model()

    def ensure_ready(self) -> None:
        self._generations.ensure_ready()

    def begin(
        self,
        owner: str,
        prompt: Sized,
        sampling: SamplingParams,
        handling: Handling = USUAL,
    ) -> Generation:
        """Submit a prompt; whatever the caller may say of it, nothing of it is saved."""
        unsaved = replace(handling, may_save=False)
        return self._generations.begin(owner, prompt, sampling, unsaved)

    async def forget(self, owner: str, tag: str | None = None) -> int:
        return await self._generations.forget(owner, tag)

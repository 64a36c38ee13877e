"""Makes what was said recallable, in the background, in small pieces of work.

What is not indexed yet stands in the store (`chunk_backlog`): a stop, a crash or a full disk loses
nothing, and whoever adds a message only says that there is something new. While replies are
written, nine tenths of the time are theirs.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import structlog

from appliance.errors import ApplianceError
from appliance.recall.chunker import chunks_of
from appliance.recall.embedding import EmbeddingModel
from appliance.recall.models import EmbeddingModels
from appliance.recall.spoken import as_spoken
from appliance.store import chunk_backlog, chunk_vectors, chunks
from appliance.store.chunk_vectors import Space
from appliance.store.database import Database

LOOK_AGAIN_SECONDS = 30.0
BATCH = 32

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of all chunks is done; `messages` are still to be cut."""

    messages: int
    done: int
    total: int


class Indexer:
    """One task. Holds nothing that is not in the store."""

    def __init__(
        self,
        database: Database,
        models: EmbeddingModels,
        model: EmbeddingModel,
    ) -> None:
        self._database = database
        self._models = models
        self._model = model
        self._is_told = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Go on where the last one stopped."""
        self._task = asyncio.create_task(self._run(), name="indexer")

    async def stop(self) -> None:
        """What is under way is left as it is."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def note(self) -> None:
        """There is something new: messages, or passages of a document."""
        self._is_idle.clear()
        self._is_told.set()

    async def look(self, place: object) -> None:
        """The same for whoever tells where a turn has ended."""
        self.note()

    async def wait_idle(self) -> None:
        """Return when all that was noted is indexed, or cannot be for now."""
        await self._is_idle.wait()

    async def progress(self) -> Progress:
        """How far it has come."""
        async with self._database.read() as reader:
            known = await chunk_vectors.spaces(reader)
            own = next((each.space_key for each in known if each.name == self._model.name), 0)
            backlog = await chunk_backlog.count(
                reader, own or known[-1].space_key + 1 if known else 1
            )
        return Progress(backlog.messages, backlog.all_chunks - backlog.chunks, backlog.all_chunks)

    async def done_of_total(self) -> tuple[int, int]:
        """The same in two numbers, a message that is not cut yet as one."""
        progress = await self.progress()
        return progress.done, progress.total + progress.messages

    async def begin_anew(self) -> None:
        """Make all vectors again; until they are there, the old ones serve."""
        async with self._database.write() as tx:
            await chunk_vectors.set_aside(tx, self._model.name)
        self.note()

    async def work_off(self) -> None:
        """Index all that is not. Raises ModelError, StoreError."""
        while await self._cut_some():
            pass
        async with self._database.write() as tx:
            await chunk_backlog.pass_over(tx)
            space = await chunk_vectors.find_or_add(tx, self._model.name, self._model.dimension)
        while await self._embed_some(space):
            pass
        if not space.is_complete:
            async with self._database.write() as tx:
                await chunk_vectors.set_complete(tx, space)

    async def _run(self) -> None:
        while True:
            self._is_told.clear()
            try:
                await self.work_off()
            except ApplianceError as error:  # what is left is found again
                log.warning("indexing broke off", cause=type(error).__name__, error=str(error))
            except Exception:  # the indexer's border: recall goes on with what there is
                log.exception("indexing failed")
            if not self._is_told.is_set():
                self._is_idle.set()
            self._models.drop_unused(monotonic())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_told.wait(), LOOK_AGAIN_SECONDS)

    async def _cut_some(self) -> bool:
        async with self._database.read() as reader:
            uncut = await chunk_backlog.uncut(reader, BATCH)
        cut = await asyncio.to_thread(lambda: [chunks_of(each.content) for each in uncut])
        for message, texts in zip(uncut, cut, strict=True):
            async with self._database.write() as tx:
                await chunks.insert_of_message(tx, message, texts)
        return bool(uncut)

    async def _embed_some(self, space: Space) -> bool:
        async with self._database.read() as reader:
            some = await chunk_backlog.unembedded(reader, space.space_key, BATCH)
        for each in some:
            spoken = as_spoken(each)
            vector = await self._models.passage(self._model, spoken, in_background=True)
            async with self._database.write() as tx:
                await chunk_vectors.insert(tx, space, each.chunk_key, vector)
        return bool(some)

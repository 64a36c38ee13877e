"""Reads what was put in, one document after the other, in the background.

Which ones are waiting stands in the store, so that a box that was stopped goes on. The text goes in
a few passages at a time, between what everybody else writes; recall's indexer makes the rest of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from appliance.documents.answer import ReadAll, ReadPassage, ReadSoFar, Said
from appliance.documents.files import DocumentFiles
from appliance.documents.library import Library
from appliance.documents.reading import Reading
from appliance.errors import ApplianceError, DocumentRefused, NotFound, StoreError
from appliance.sentences import say
from appliance.store import chunks, document_states
from appliance.store.chunks import Passage
from appliance.store.database import Database
from appliance.store.document_states import Waiting

BATCH = 16
"""Passages of one commit: the writer is everybody's."""
RETRY_SECONDS = 30.0
_UNEXPECTED = say("Something went wrong inside the box; the log has the details.")

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Progress:
    """How far the document is that is being read."""

    document_id: str
    pages: int = 0
    of_pages: int = 0
    passages: int = 0

    @property
    def percent(self) -> int | None:
        """None where nobody knows how much there is."""
        return min(99, 100 * self.pages // self.of_pages) if self.of_pages else None


class Intake:
    """`note_passages` is told when there is something new to index. `trouble` says why it waits."""

    def __init__(
        self,
        database: Database,
        files: DocumentFiles,
        library: Library,
        note_passages: Callable[[], None],
        told: asyncio.Event,
    ) -> None:
        self._database = database
        self._files = files
        self._library = library
        self._note_passages = note_passages
        self._told = told
        self._idle = asyncio.Event()
        self.progress: Progress | None = None
        self.trouble = ""

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self._begin_anew()
                await self._read_all()
            except StoreError as error:  # a full disk, say: it goes on when there is room again
                log.warning("documents wait", cause=type(error).__name__)
                self.trouble = error.sentence
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._told.wait(), RETRY_SECONDS)

    async def wait_idle(self) -> None:
        """Return when nothing waits to be read."""
        await self._idle.wait()

    def note(self) -> None:
        """There is something to read."""
        self._idle.clear()
        self._told.set()

    async def clear_up(self) -> None:
        """Before anything else: what the box was receiving when it ended is not there."""
        async with self._database.write() as tx:
            await document_states.delete_unreceived(tx)
        await self._library.sweep()

    async def _begin_anew(self) -> None:
        async with self._database.write() as tx:
            await document_states.wait_again(tx)

    async def _read_all(self) -> None:
        while True:
            self._told.clear()
            async with self._database.write() as tx:
                waiting = await document_states.take_next(tx)
            self.trouble = ""
            if waiting is None:
                self._idle.set()
                await self._told.wait()
                continue
            self._idle.clear()
            await self._read(waiting)

    async def _read(self, waiting: Waiting) -> None:
        self.progress = Progress(waiting.document_id)
        try:
            await self._take_in(waiting)
        except (DocumentRefused, NotFound) as error:
            await self._refuse(waiting, error)
        except ApplianceError:
            raise
        except Exception:  # a document's border: whoever looks at it must see an end
            log.exception("a document could not be read")
            await self._refuse(waiting, DocumentRefused(_UNEXPECTED))
        finally:
            self.progress = None

    async def _take_in(self, waiting: Waiting) -> None:
        with await asyncio.to_thread(self._files.open, waiting.document_id) as file:
            reading = await asyncio.to_thread(Reading, file, waiting.name)
            try:
                while batch := await _asked(reading, BATCH):
                    if not await self._keep(waiting, batch):
                        return
            finally:
                await asyncio.shield(asyncio.to_thread(reading.close))

    async def _keep(self, waiting: Waiting, batch: Sequence[Said]) -> bool:
        """Whether to go on: it may have been deleted meanwhile."""
        assert self.progress is not None
        progress = self.progress
        found = [each for each in batch if isinstance(each, ReadPassage)]
        numbered = [
            Passage(progress.passages + at, each.text, each.page, each.heading)
            for at, each in enumerate(found, start=1)
        ]
        async with self._database.write() as tx:
            if not await document_states.is_being_read(tx, waiting.document_key):
                return False
            await chunks.insert_of_document(
                tx,
                waiting.owner_key,
                waiting.document_key,
                numbered,
                waiting.created_at,
                waiting.conversation_key,
            )
        progress.passages += len(found)
        for said in batch:
            if isinstance(said, ReadSoFar):
                progress.pages, progress.of_pages = said.pages, said.of_pages
            if isinstance(said, ReadAll):
                await self._finish(waiting, said)
        if found:
            self._note_passages()
        return True

    async def _finish(self, waiting: Waiting, said: ReadAll) -> None:
        """From now on it stands in the place of older ones of its name."""
        assert self.progress is not None
        async with self._database.write() as tx:
            older = await document_states.older_of_that_name(tx, waiting)
            await document_states.set_ready(
                *(tx, waiting.owner_key, waiting.document_id),
                *(said.kind, said.pages, self.progress.passages),
            )
        await self._library.delete_of(waiting.owner_key, *older)
        log.info("a document was read", passages=self.progress.passages, replaced=len(older))

    async def _refuse(self, waiting: Waiting, error: ApplianceError) -> None:
        async with self._database.write() as tx:
            await document_states.set_refused(
                tx, waiting.owner_key, waiting.document_id, str(error.sentence)
            )
        await asyncio.to_thread(self._files.delete, waiting.document_id)


async def _asked(reading: Reading, most: int) -> list[Said]:
    """The next of what it says. Its thread is let go of it before anybody closes it."""
    asking = asyncio.create_task(asyncio.to_thread(reading.take, most))
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        # The child's end ends the thread's waiting.
        await asyncio.to_thread(reading.stop)
        await asyncio.wait({asking})
        raise

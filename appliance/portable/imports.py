"""Taking conversations in, in the background: each whole or not at all, and no one twice.

A stranger's file is read on a thread, a few conversations at a time, while others chat. An import
belongs to the box like a turn does: it goes on when the page is closed. After a restart it is gone,
and what had come in by then is here; the same file again brings the rest.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import BinaryIO

import structlog

from appliance.conversations.conversation import Person, new_id
from appliance.conversations.folders import folder_named
from appliance.errors import (
    ApplianceError,
    Conflict,
    ImportRefused,
    InvalidInput,
    NotFound,
    StoreError,
)
from appliance.portable.arrivals import Arrivals, Skipped
from appliance.portable.arriving import Arriving
from appliance.portable.report import ImportReport
from appliance.portable.source import NO_CONVERSATIONS, Source
from appliance.sentences import say
from appliance.store import conversations, whole_conversations
from appliance.store.database import Database

GONE = say(
    "The box knows nothing of this import any more: it was started again, or another file was "
    "imported since. What had come in is here; to bring the rest, import the file again. Nothing "
    "is doubled."
)
_BUSY = say("A file is being imported already. Wait until it is done.")
_UNEXPECTED = say("Something went wrong inside the box; the log has the details.")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Import:
    """One file on its way in, or the last one that was."""

    import_id: str
    report: ImportReport
    opened: "asyncio.Future[None]"
    task: "asyncio.Task[None]"


class Imports:
    """At most one import a person at a time; the last one of each is remembered."""

    def __init__(self, database: Database, *, may_wait_on_disk: bool = True) -> None:
        self._database = database
        self.directory = database.path.parent if may_wait_on_disk else None
        """Where a file may wait for its import; else it waits in memory."""
        self._last: dict[int, Import] = {}

    async def start(self, person: Person, file: BinaryIO) -> Import:
        """Begin to take in `file`; from now on it is this object's to close.

        Raises ImportRefused for a file that is no export or not safe, and Conflict.
        """
        try:
            self.ensure_idle(person)
        except Conflict:
            file.close()
            raise
        report = ImportReport()
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._run(person, file, report, opened), name="import")
        begun = Import(new_id(), report, opened, task)
        self._last[person.person_key] = begun
        await asyncio.shield(opened)
        return begun

    def ensure_idle(self, person: Person) -> None:
        """Raises Conflict while a file of this person is on its way in."""
        found = self._last.get(person.person_key)
        if found is not None and not found.report.is_over:
            raise Conflict(_BUSY)

    def last(self, person: Person) -> Import:
        """The newest import of this person. Raises NotFound."""
        found = self._last.get(person.person_key)
        if found is None:
            raise NotFound(GONE)
        return found

    def find(self, person: Person, import_id: str) -> Import:
        """Raises NotFound."""
        found = self.last(person)
        if found.import_id != import_id:
            raise NotFound(GONE)
        return found

    async def end(self, person: Person) -> None:
        """Take in no more for this person, and forget what was: all of theirs is being deleted."""
        if (found := self._last.pop(person.person_key, None)) is not None:
            await _end([found])

    async def stop(self) -> None:
        """End what is under way; the conversations that are in stay."""
        await _end(list(self._last.values()))

    async def _run(
        self,
        person: Person,
        file: BinaryIO,
        report: ImportReport,
        opened: "asyncio.Future[None]",
    ) -> None:
        try:
            source = await asyncio.to_thread(Source, file)
            opened.set_result(None)
            await self._take_in(person, Arrivals(source, person.person_id), report)
        except ApplianceError as error:
            report.ended = error.sentence
            if not opened.done():
                opened.set_exception(error)
        except Exception:  # an import's border: whoever looks at it must see an end
            log.exception("import failed")
            report.ended = _UNEXPECTED
            if not opened.done():
                opened.set_exception(ImportRefused(_UNEXPECTED))
        finally:
            if not opened.cancel() and not opened.cancelled():
                opened.exception()  # seen, also when whoever waited for it has gone
            report.is_over = True
            file.close()
        log.info(
            "import ended",
            conversations=report.conversations,
            messages=report.messages,
            already_here=report.already_here,
            skipped=report.skipped.total(),
        )

    async def _take_in(self, person: Person, arrivals: Arrivals, report: ImportReport) -> None:
        while not arrivals.is_over:
            reading = asyncio.create_task(asyncio.to_thread(arrivals.take))
            try:
                batch = await asyncio.shield(reading)
            finally:
                # The thread is let go of the file before anybody closes it.
                await asyncio.wait({reading})
            await self._keep_all(person, batch, report)
            report.percent = arrivals.percent
        if arrivals.ended:
            raise ImportRefused(arrivals.ended)
        if not (report.conversations or report.already_here or report.skipped):
            raise ImportRefused(NO_CONVERSATIONS)

    async def _keep_all(
        self, person: Person, batch: Sequence[Arriving | Skipped], report: ImportReport
    ) -> None:
        """Together they share a commit; each stands or falls by itself."""
        whole = [each for each in batch if isinstance(each, Arriving)]
        outcomes = await asyncio.gather(
            *(self._keep(person, each) for each in whole), return_exceptions=True
        )
        for each in batch:
            if isinstance(each, Skipped):
                report.skip(each.place, each.reason)
        for arriving, outcome in zip(whole, outcomes, strict=True):
            if outcome is True:
                report.conversations += 1
                report.messages += len(arriving.messages)
                report.left_out.update(arriving.left_out)
            elif outcome is False:
                report.already_here += 1
            elif isinstance(outcome, InvalidInput):
                report.skip(arriving.place, str(outcome))
        failures = (each for each in outcomes if isinstance(each, BaseException))
        for failure in failures:
            if not isinstance(failure, InvalidInput):
                raise failure

    async def _keep(self, person: Person, arriving: Arriving) -> bool:
        """Whether it is new. Raises StoreError, and InvalidInput when there is no place for it."""
        with suppress(Conflict):
            return await self._insert(person, arriving)
        # Somebody else has these ids: perhaps it is they whose conversation this was.
        try:
            return await self._insert(person, arriving.with_own_ids(person.person_id))
        except Conflict as error:
            raise StoreError(
                say("The database holds a conversation by halves; see the log.")
            ) from error

    async def _insert(self, person: Person, arriving: Arriving) -> bool:
        conversation, person_key = arriving.conversation, person.person_key
        async with self._database.write() as tx:
            if await conversations.find(tx, person_key, conversation.conversation_id):
                return False
            if conversation.folder is not None:
                folder = await folder_named(tx, person, conversation.folder.name)
                conversation = replace(conversation, folder=folder)
            await whole_conversations.insert(
                *(tx, person_key, conversation),
                arriving.messages,
                arriving.turns,
                arriving.summaries,
                arriving.facts,
            )
        return True


async def _end(imports: Sequence[Import]) -> None:
    for each in imports:
        each.task.cancel()
    await asyncio.gather(*(each.task for each in imports), return_exceptions=True)

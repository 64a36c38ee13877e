"""What people do with documents, joined, and what goes on for them in the background."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from appliance.documents.files import DocumentFiles
from appliance.documents.intake import Intake
from appliance.documents.library import DocumentLimits, Library
from appliance.documents.quotations import Forget, Quotations
from appliance.documents.watched_folder import WatchedFolder
from appliance.settings import Settings
from appliance.store.database import Database

_MB = 10**6


@dataclass(frozen=True, slots=True)
class DocumentsDesk:
    """What the routes are given, by name."""

    library: Library
    intake: Intake
    files: DocumentFiles


def document_limits(settings: Settings) -> DocumentLimits:
    """What the settings allow."""
    return DocumentLimits(settings.documents.file_mb * _MB, settings.documents.person_mb * _MB)


@asynccontextmanager
async def open_documents_desk(
    settings: Settings, database: Database, note_passages: Callable[[], None], forget: Forget
) -> AsyncIterator[DocumentsDesk]:
    """Join it; on leaving, what is being read is put off to the next start.

    `note_passages` is told when there is something new to index. Raises StoreError.
    """
    told = asyncio.Event()
    files = DocumentFiles(settings.data_dir)
    quotations = Quotations(database, forget)
    library = Library(database, files, document_limits(settings), quotations, lambda: intake.note())
    intake = Intake(database, files, library, note_passages, told)
    await intake.clear_up()
    tasks = [asyncio.create_task(intake.run(), name="documents")]
    if settings.documents.folder is not None:
        folder = WatchedFolder(settings.documents.folder, library)
        tasks.append(asyncio.create_task(folder.run(), name="watched-folder"))
    try:
        yield DocumentsDesk(library, intake, files)
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

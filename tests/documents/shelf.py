"""Short ways to put documents in, and to see what became of them."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from appliance.conversations.conversation import Person
from appliance.documents.document import Document, Place
from appliance.documents.files import DocumentFiles
from appliance.documents.intake import Intake
from appliance.documents.library import Library
from appliance.store.database import Database
from appliance.store.rows import all_rows


@dataclass
class Shelf:
    """The parts, and one person's hand."""

    directory: Path
    database: Database
    person: Person
    library: Library
    files: DocumentFiles
    told: asyncio.Event
    forgotten: list[tuple[str, str]]
    """Whose words of which conversation the engine was told to let go of."""
    noted: asyncio.Event = field(default_factory=asyncio.Event)
    intake: Intake = field(init=False)
    _running: "asyncio.Task[None] | None" = None

    def start(self) -> None:
        self._running = asyncio.create_task(self.intake.run())

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def send(
        self, content: bytes, name: str = "notes.txt", place: Place | None = None
    ) -> None:
        """Put it in; it is being read then."""
        mine = place or Place(self.person.person_key)
        async with self.library.receiving(mine, name, len(content)) as arrival:
            for start in range(0, len(content), 100_000):
                await arrival.take(content[start : start + 100_000])

    async def put(
        self, content: bytes, name: str = "notes.txt", place: Place | None = None
    ) -> Document:
        """The same, once it is read or refused; the newest that is seen."""
        await self.send(content, name, place)
        await self.intake.wait_idle()
        return (await self.library.list(self.person))[0]

    async def texts(self, document: Document) -> list[str]:
        """What its first page holds."""
        opened = await self.library.open(self.person, document.document_id)
        return [each.passage.text for each in opened.passages]

    async def count(self, table: str) -> int:
        """How many rows there are, whoever's they are."""
        async with self.database.read() as reader:
            return int((await all_rows(reader, f"SELECT count(*) FROM {table}", ()))[0][0])

    def lying(self) -> set[str]:
        """The files there are."""
        folder = self.directory / "documents"
        return {each.name for each in folder.iterdir()} if folder.is_dir() else set()

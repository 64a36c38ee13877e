"""A box that does not run, opened for errands: its database and what else holds words, no model."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from appliance.backups import switching
from appliance.box_errands import BoxErrands, box_errands
from appliance.conversations.conversation import Person
from appliance.data_dir import derived_key, open_data_dir, page_secret
from appliance.documents.files import DocumentFiles
from appliance.documents.library import Library
from appliance.documents.quotations import Quotations
from appliance.documents_desk import document_limits
from appliance.engine.kv_snapshots import KvSnapshots
from appliance.front_door import open_front_door
from appliance.hot.connection import Hot
from appliance.hot.recent_window import RecentWindow
from appliance.hot.token_stream import TokenStream
from appliance.portable.belongings import Belongings
from appliance.portable.imports import Imports
from appliance.portable.takeout import Takeout
from appliance.recall.computing import NO_TURNS, Computing
from appliance.recall.indexer import Indexer
from appliance.recall.models import EmbeddingModels
from appliance.recall_desk import model_of
from appliance.settings import Settings
from appliance.store import people
from appliance.store.database import Database

_CLOSE_SECONDS = 10.0


class SavedStates:
    """What a stopped box still holds of anybody's words outside the database."""

    def __init__(self, snapshots: KvSnapshots) -> None:
        self._snapshots = snapshots

    async def stop_all(self, person: Person) -> None:
        """Nobody writes in a box that does not run."""

    async def forget_words(self, person: Person) -> int:
        """Delete the states of the KV cache on disk. Raises EngineError when one is left."""
        return await self.forget(person.person_id)

    async def forget(self, owner: str, tag: str | None = None) -> int:
        """The same, or only those of one tag."""
        return await asyncio.to_thread(self._snapshots.forget, owner, tag)


@asynccontextmanager
async def open_stopped_box(settings: Settings) -> AsyncIterator[BoxErrands]:
    """Hold the data directory meanwhile. Raises StoreRefused when a box runs on it."""
    async with AsyncExitStack() as stack:
        stack.enter_context(open_data_dir(settings.data_dir))
        switching.finish(settings.data_dir)
        database = await Database.open(settings.data_dir / "appliance.sqlite3")
        stack.push_async_callback(database.close)
        hot = Hot(settings.hot.url.get_secret_value() if settings.hot.url else None)
        stack.push_async_callback(hot.close)
        key = derived_key(page_secret(settings.data_dir), "kv snapshots")
        limit_bytes = settings.engine.snapshot_mb * 2**20
        snapshots = KvSnapshots(settings.data_dir / "kv", key, limit_bytes)
        snapshots.start()
        stack.push_async_callback(asyncio.to_thread, snapshots.close, _CLOSE_SECONDS)
        imports = Imports(database)
        stack.push_async_callback(imports.stop)
        async with database.write() as tx:
            person = await people.local_person(tx)
        files, saved = DocumentFiles(settings.data_dir), SavedStates(snapshots)
        # What is put in now is read when the box runs.
        quotations = Quotations(database, saved.forget)
        library = Library(database, files, document_limits(settings), quotations, lambda: None)
        belongings = Belongings(
            *(database, RecentWindow(hot), TokenStream(hot), saved),
            *(imports, library),
        )
        door = await open_front_door(settings, database)
        address = f"http://localhost:{settings.server.port}"
        computing = Computing(NO_TURNS)
        stack.callback(computing.close)
        # It does not run: the next start finds what there is to do.
        indexer = Indexer(database, EmbeddingModels(computing), model_of(settings))
        takeout = Takeout(database, files.open)
        yield box_errands(person, door, takeout, imports, belongings, library, address, indexer)

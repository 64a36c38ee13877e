"""Makes what was said recallable, in the background."""

import asyncio

from appliance.store.database import Database


class Indexer:
    """What is not indexed yet stands in the store: this one is only told when to look."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_told = asyncio.Event()

    def note(self) -> None:
        """There is something new: messages, or passages of a document."""
        self._is_told.set()

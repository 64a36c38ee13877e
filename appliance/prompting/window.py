"""The newest messages of a branch: from Valkey, and from SQLite when Valkey has none."""

from appliance.conversations.conversation import Message, Person
from appliance.hot.recent_window import RecentWindow
from appliance.store import messages
from appliance.store.database import Database

WINDOW_MESSAGES = 100


class WindowReader:
    """Reads through the hot window into the store."""

    def __init__(self, database: Database, window: RecentWindow) -> None:
        self._database = database
        self._window = window

    async def load(self, person: Person, conversation_id: str, leaf_id: str) -> tuple[Message, ...]:
        """The branch that ends at `leaf_id`, at most the newest 100 messages, oldest first."""
        hot = await self._window.get(conversation_id, leaf_id)
        if hot is not None:
            return hot
        async with self._database.read() as reader:
            branch = await messages.branch(
                reader, person.person_key, conversation_id, leaf_id, limit=WINDOW_MESSAGES
            )
        await self._window.put(conversation_id, leaf_id, branch)
        return branch

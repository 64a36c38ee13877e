"""The messages of a branch: the newest from Valkey, and from SQLite what Valkey does not have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from appliance.conversations.conversation import Message, Person, Summary
from appliance.hot.recent_window import RecentWindow
from appliance.prompting.material import Material, told_with
from appliance.store import messages, summaries
from appliance.store.database import Database

WINDOW_MESSAGES = 100


@dataclass(frozen=True, slots=True)
class Window:
    """The newest messages of a branch, oldest first; `earlier` ones stand before them.

    `summaries` are those of the branch, by how far they reach. `materials` are in the messages
    already, before the words of each; here they stand by message id once more.
    """

    messages: Sequence[Message]
    earlier: int = 0
    summaries: Sequence[Summary] = ()
    materials: Mapping[str, Material] = field(default_factory=dict)

    def with_materials(self, more: Mapping[str, Material]) -> "Window":
        """The same with what goes with some of its messages."""
        new = {at: material for at, material in more.items() if material}
        if not new:
            return self
        messages = [
            replace(each, content=told_with(new[each.message_id], each.content))
            if each.message_id in new
            else each
            for each in self.messages
        ]
        return replace(self, messages=messages, materials={**self.materials, **new})


class WindowReader:
    """Reads through the hot window into the store."""

    def __init__(self, database: Database, window: RecentWindow) -> None:
        self._database = database
        self._window = window

    async def recent(self, person: Person, conversation_id: str, leaf_id: str) -> Window:
        """The end of the branch that ends at `leaf_id`: at most the newest 100 messages."""
        hot = await self._window.get(conversation_id, leaf_id)
        if hot is not None:
            return await self._window_of(person, hot)
        window = await self.longer(person, conversation_id, leaf_id, WINDOW_MESSAGES)
        await self._window.put(conversation_id, leaf_id, window.messages)
        return window

    async def longer(
        self, person: Person, conversation_id: str, leaf_id: str, most_messages: int
    ) -> Window:
        """As much of the branch as is asked for, from the store."""
        async with self._database.read() as reader:
            branch = await messages.branch(
                reader, person.person_key, conversation_id, leaf_id, limit=most_messages
            )
        return await self._window_of(person, branch)

    async def _window_of(self, person: Person, branch: Sequence[Message]) -> Window:
        """With what the store knows of the messages before."""
        if not branch:
            return Window(())
        first, last = branch[0], branch[-1]
        earlier, key = 0, person.person_key
        async with self._database.read() as reader:
            found = await summaries.on_branch(reader, key, last.conversation_id, last.message_id)
            if first.parent_id is not None:
                earlier = await messages.branch_length(
                    reader, key, first.conversation_id, first.parent_id
                )
        return Window(branch, earlier, found)

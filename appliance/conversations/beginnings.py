"""How a conversation comes into being: with an id and a title of its own."""

from aiosqlite import Connection

from appliance.conversations.accepting import title_of
from appliance.conversations.conversation import Conversation, Person, TitledBy, new_id
from appliance.store import conversations


class Beginnings:
    """Of conversations that are kept."""

    async def begin(self, tx: Connection, person: Person, content: str, now: int) -> Conversation:
        """Store a new one, whose first message is to be `content`."""
        conversation = Conversation(new_id(), title_of(content), now, now, titled_by=TitledBy.BOX)
        await conversations.insert(tx, person.person_key, conversation)
        return conversation

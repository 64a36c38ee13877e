"""Conversations that stand in a database already, as many as a test likes."""

from aiosqlite import Connection

from appliance.conversations.conversation import Conversation, Message, Person, Role, new_id
from appliance.store import conversations, messages
from appliance.store.database import Database

NOW = 1_800_000_000


async def add(
    tx: Connection, person: Person, title: str, *texts: str, at: int = NOW
) -> tuple[Conversation, list[Message]]:
    """A conversation whose messages follow each other, the person's own first."""
    conversation = Conversation(new_id(), title, at, at)
    await conversations.insert(tx, person.person_key, conversation)
    said: list[Message] = []
    for number, text in enumerate(texts):
        parent_id = said[-1].message_id if said else None
        role = Role.ASSISTANT if number % 2 else Role.USER
        said.append(Message(new_id(), conversation.conversation_id, parent_id, role, text, at))
        await messages.insert(tx, person.person_key, said[-1], None)
    if said:
        await conversations.set_leaf(
            tx, person.person_key, conversation.conversation_id, said[-1].message_id, at
        )
    return conversation, said


async def keep(
    database: Database, person: Person, title: str, *texts: str, at: int = NOW
) -> tuple[Conversation, list[Message]]:
    """The same in a commit of its own."""
    async with database.write() as tx:
        return await add(tx, person, title, *texts, at=at)


async def stranger_in(database: Database) -> Person:
    """Somebody else on the same box."""
    person_id = new_id()
    async with database.write() as tx:
        cursor = await tx.execute(
            "INSERT INTO people (person_id, name, created_at) VALUES (?, 'stranger', 0)",
            (person_id,),
        )
        assert cursor.lastrowid is not None
        return Person(cursor.lastrowid, person_id, "stranger")

"""A real database in a real file, and short ways to fill it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiosqlite import Connection

from appliance.conversations.conversation import Conversation, Message, Person, Role, new_id
from appliance.conversations.turn import Turn, TurnStatus
from appliance.store import conversations, messages, people
from appliance.store.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "appliance.sqlite"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = await Database.open(path)
    yield database
    await database.close()


@pytest.fixture
async def person(database: Database) -> Person:
    async with database.write() as tx:
        return await people.local_person(tx)


@pytest.fixture
async def stranger(database: Database, person: Person) -> Person:
    """Somebody else, who must never see what `person` has."""
    person_id = new_id()
    async with database.write() as tx:
        cursor = await tx.execute(
            "INSERT INTO people (person_id, name, created_at) VALUES (?, 'stranger', 0)",
            (person_id,),
        )
        assert cursor.lastrowid is not None
        return Person(cursor.lastrowid, person_id, "stranger")


@pytest.fixture
async def conversation(database: Database, person: Person) -> Conversation:
    conversation = Conversation(new_id(), "Tea", created_at=1000, updated_at=1000)
    async with database.write() as tx:
        await conversations.insert(tx, person.person_key, conversation)
    return conversation


@pytest.fixture
def say(conversation: Conversation) -> Callable[..., Message]:
    """A message of the conversation, not stored yet."""

    def say(content: str, after: Message | None = None, role: Role = Role.USER) -> Message:
        parent_id = after.message_id if after else None
        return Message(new_id(), conversation.conversation_id, parent_id, role, content, 1000)

    return say


@pytest.fixture
def add_chain(say: Callable[..., Message]) -> Callable[..., object]:
    """Stores `count` messages, each under the one before."""

    async def add_chain(tx: Connection, person_key: int, count: int) -> list[Message]:
        chain: list[Message] = []
        for number in range(count):
            role = Role.ASSISTANT if number % 2 else Role.USER
            chain.append(say(f"message {number}", after=chain[-1] if chain else None, role=role))
            await messages.insert(tx, person_key, chain[-1], None)
        return chain

    return add_chain


@pytest.fixture
def turn_for() -> Callable[[Message], Turn]:
    def turn_for(message: Message) -> Turn:
        return Turn(
            new_id(),
            message.conversation_id,
            message.message_id,
            None,
            TurnStatus.WAITING,
            created_at=1000,
            sampling={"temperature": 0.7},
        )

    return turn_for

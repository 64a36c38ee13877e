"""Whether a new message can be answered at all, asked before it is stored."""

from appliance.conversations.conversation import Message, Person
from appliance.errors import EngineUnavailable
from appliance.prompting.assembler import Assembler
from appliance.store import conversations, messages
from appliance.store.database import Database


async def check_room(
    database: Database,
    assembler: Assembler,
    person: Person,
    conversation_id: str | None,
    content: str,
    client_message_id: str,
) -> None:
    """Raises PromptTooLong, and ConversationFull where nothing may be dropped to make room.

    While no model is loaded nothing can be counted: then the turn finds out.
    """
    try:
        await assembler.count_ahead([content])
        assembler.check(content)
        if conversation_id and not assembler.may_drop:
            leaf_id = await _leaf_id(database, person, conversation_id, client_message_id)
            if leaf_id is not None:
                await assembler.check_after(person, conversation_id, leaf_id, content)
    except EngineUnavailable:
        return


async def check_room_after(
    assembler: Assembler,
    person: Person,
    conversation_id: str,
    leaf_id: str | None,
    content: str,
) -> None:
    """The same for a message that is to follow `leaf_id`, or nothing at all."""
    try:
        await assembler.count_ahead([content])
        assembler.check(content)
        if leaf_id is not None and not assembler.may_drop:
            await assembler.check_after(person, conversation_id, leaf_id, content)
    except EngineUnavailable:
        return


async def check_room_to_go_on(assembler: Assembler, person: Person, reply: Message) -> None:
    """Raises ConversationFull when the reply has no place to become longer, with its question."""
    assert reply.parent_id is not None, "a reply follows a message"
    try:
        await assembler.check_going_on(
            person, reply.conversation_id, reply.parent_id, reply.content
        )
    except EngineUnavailable:
        return


async def _leaf_id(
    database: Database, person: Person, conversation_id: str, client_message_id: str
) -> str | None:
    """What the message would follow; None for one that was accepted before and has its place."""
    async with database.read() as reader:
        if await messages.find_by_client_id(reader, person.person_key, client_message_id):
            return None
        conversation = await conversations.find(reader, person.person_key, conversation_id)
    return conversation.leaf_id if conversation else None

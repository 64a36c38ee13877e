"""What an act is about: found for its person, or refused with the sentence that says why."""

from aiosqlite import Connection

from appliance.conversations.asking import check_nobody_writes
from appliance.conversations.conversation import Conversation, Message, Person, Role
from appliance.errors import Conflict, InvalidInput, NotFound
from appliance.sentences import say
from appliance.store import conversations, message_tree, messages, turns

NO_CONVERSATION = say("There is no such conversation. It may have been deleted.")
NO_MESSAGE = say("There is no such message. It may have been deleted.")
NO_TURN = say("There is no such reply. Its conversation may have been deleted.")
_NOT_THEIRS = say("Only your own messages can be edited or deleted; a reply goes with its message.")
_NOT_CUT = say("This reply came to its end by itself, so there is nothing to continue.")
_NO_TEXT = say("This reply has no text that could be continued. Try it again instead.")
_FOLLOWED = say("Something was said after this reply already, so it stays as it is.")


async def find_message(reader: Connection, person: Person, message_id: str) -> Message:
    """Raises NotFound."""
    message = await messages.find(reader, person.person_key, message_id)
    if message is None:
        raise NotFound(NO_MESSAGE)
    return message


async def find_own(reader: Connection, person: Person, message_id: str) -> Message:
    """What this person said. Raises NotFound, InvalidInput when it is a reply."""
    message = await find_message(reader, person, message_id)
    if message.role is not Role.USER:
        raise InvalidInput(_NOT_THEIRS)
    return message


async def find_conversation(
    reader: Connection, person: Person, conversation_id: str
) -> Conversation:
    """Raises NotFound."""
    conversation = await conversations.find(reader, person.person_key, conversation_id)
    if conversation is None:
        raise NotFound(NO_CONVERSATION)
    return conversation


async def find_idle(tx: Connection, person: Person, conversation_id: str) -> Conversation:
    """The conversation, in which nobody writes. Raises NotFound, Conflict."""
    conversation = await find_conversation(tx, person, conversation_id)
    await check_nobody_writes(tx, person, conversation_id)
    return conversation


async def is_shown(
    reader: Connection, person: Person, conversation: Conversation, message_id: str
) -> bool:
    """Whether the message is on the branch that is read."""
    if conversation.leaf_id is None:
        return False
    key, conversation_id = person.person_key, conversation.conversation_id
    path = await message_tree.since(
        reader, key, conversation_id, conversation.leaf_id, message_id, limit=1
    )
    return bool(path)


async def find_cut_reply(
    reader: Connection, person: Person, turn_id: str
) -> tuple[Message, Message]:
    """The reply that this turn wrote and that may go on, and what it answers.

    Raises NotFound, Conflict.
    """
    key = person.person_key
    turn = await turns.find(reader, key, turn_id)
    if turn is None:
        raise NotFound(NO_TURN)
    await check_nobody_writes(reader, person, turn.conversation_id)
    question = await find_message(reader, person, turn.input_message_id)
    if turn.reply_message_id is None:
        raise Conflict(_NO_TEXT)
    reply = await find_message(reader, person, turn.reply_message_id)
    tries = await turns.tries_at(reader, key, turn.conversation_id, [question.message_id])
    last = [each for each in tries if each.reply_message_id == reply.message_id][-1]
    if not last.is_cut:
        raise Conflict(_NOT_CUT)
    if await message_tree.children(reader, key, reply.message_id):
        raise Conflict(_FOLLOWED)
    return reply, question

"""Acts on the tree of a conversation. None of them overwrites anything; only Delete takes away.

Each is refused while a reply is being written in that conversation, and what was sent is refused
with a sentence before anything is stored.
"""

from dataclasses import replace
from time import time

from aiosqlite import Connection

from appliance.conversations.accepting import accepted_client_id, accepted_content, title_of
from appliance.conversations.asking import (
    ask,
    asked_before,
    check_desk,
    check_queue,
    to_the_end,
)
from appliance.conversations.conversation import Conversation, Message, Person, TitledBy, new_id
from appliance.conversations.deleted import DeleteReceipt, PairDeleted
from appliance.conversations.finding import (
    NO_MESSAGE,
    find_conversation,
    find_cut_reply,
    find_idle,
    find_message,
    find_own,
    is_shown,
)
from appliance.conversations.forgetting import Forgetting
from appliance.conversations.opened import StartedTurn
from appliance.conversations.room import check_room_after, check_room_to_go_on
from appliance.conversations.service import ServiceLimits
from appliance.conversations.turn_record import new_turn
from appliance.conversations.turn_runner import TurnRunner
from appliance.errors import NotFound
from appliance.hot.recent_window import RecentWindow
from appliance.prompting.assembler import Assembler
from appliance.store import conversations, facts, message_tree, messages, shared_links, turns
from appliance.store.database import Database


class Branches:
    """Edit, continue, switch and delete. Every call names who asks; holds no state of its own."""

    def __init__(
        self,
        database: Database,
        runner: TurnRunner,
        assembler: Assembler,
        window: RecentWindow,
        forgetting: Forgetting,
        limits: ServiceLimits,
    ) -> None:
        self._database = database
        self._runner = runner
        self._assembler = assembler
        self._window = window
        self._forgetting = forgetting
        self._limits = limits

    async def find_own_message(self, person: Person, message_id: str) -> Message:
        """What this person said. Raises NotFound, InvalidInput when it is a reply."""
        async with self._database.read() as reader:
            return await find_own(reader, person, message_id)

    async def edit(
        self, person: Person, message_id: str, content: str, client_message_id: str
    ) -> StartedTurn:
        """Another message beside the old one, and its turn; the old one is kept with all below it.

        The same `client_message_id` again is harmless. Raises InvalidInput, PromptTooLong,
        ConversationFull, NotFound, Conflict, QueueFull, StoreError.
        """
        client_message_id = accepted_client_id(client_message_id)
        content = accepted_content(content, self._limits.message_chars)
        old = await self.find_own_message(person, message_id)
        await check_room_after(self._assembler, person, old.conversation_id, old.parent_id, content)
        return await to_the_end(self._edit(person, old, content, client_message_id))

    async def _edit(
        self, person: Person, old: Message, content: str, client_message_id: str
    ) -> StartedTurn:
        async with self._database.write() as tx:
            repeat = await asked_before(tx, person, client_message_id)
            if repeat is not None:
                return repeat
            check_queue(self._runner, self._limits.open_turns)
            await check_desk(tx, person, self._limits.is_for_sealed)
            # Once more: another tab may have deleted it, or what it follows.
            old = await find_own(tx, person, old.message_id)
            conversation = await find_idle(tx, person, old.conversation_id)
            message = replace(old, message_id=new_id(), content=content, created_at=int(time()))
            turn = await ask(tx, person, message, client_message_id)
        await self._window.push(message.conversation_id, message.parent_id, message)
        self._runner.start(person, turn)
        return StartedTurn(conversation, message, turn)

    async def continue_reply(self, person: Person, turn_id: str) -> StartedTurn:
        """A turn that goes on with the reply of another one, in the same place.

        Raises NotFound, ConversationFull when the model has no room for more of it, Conflict,
        QueueFull, StoreError.
        """
        async with self._database.read() as reader:
            reply, _ = await find_cut_reply(reader, person, turn_id)
        await check_room_to_go_on(self._assembler, person, reply)
        return await to_the_end(self._continue(person, turn_id))

    async def _continue(self, person: Person, turn_id: str) -> StartedTurn:
        check_queue(self._runner, self._limits.open_turns)
        async with self._database.write() as tx:
            await check_desk(tx, person, self._limits.is_for_sealed)
            reply, question = await find_cut_reply(tx, person, turn_id)
            conversation = await find_conversation(tx, person, reply.conversation_id)
            now = int(time())
            turn = replace(
                new_turn(question, now),
                reply_message_id=reply.message_id,
                checkpoint=reply.content,
            )
            await turns.insert(tx, person.person_key, turn)
            await conversations.set_leaf(
                tx, person.person_key, reply.conversation_id, reply.message_id, now
            )
        self._runner.start(person, turn)
        return StartedTurn(conversation, question, turn)

    async def show(self, person: Person, conversation_id: str, message_id: str) -> None:
        """Switch to the branch that holds this message, unless it is read already: as far as the
        newest message below it. Raises NotFound, Conflict.
        """
        key = person.person_key
        async with self._database.read() as reader:
            conversation = await find_conversation(reader, person, conversation_id)
            if await is_shown(reader, person, conversation, message_id):
                return
        async with self._database.write() as tx:
            await find_idle(tx, person, conversation_id)
            message = await find_message(tx, person, message_id)
            leaf_id = await message_tree.newest_leaf(tx, key, message_id)
            if leaf_id is None or message.conversation_id != conversation_id:
                raise NotFound(NO_MESSAGE)
            await conversations.show_branch(tx, key, conversation_id, leaf_id)

    async def delete_pair(self, person: Person, message_id: str) -> PairDeleted:
        """Delete a message with every reply to it, also in Valkey and the KV cache; what followed
        goes on from what stood before. Raises NotFound, InvalidInput, Conflict.
        """
        return await to_the_end(self._delete_pair(person, message_id))

    async def _delete_pair(self, person: Person, message_id: str) -> PairDeleted:
        message = await self.find_own_message(person, message_id)
        # A title or a summary that is being made of it must not come after it is gone.
        await self._runner.end_asides(person, message.conversation_id)
        async with self._database.write() as tx:
            message = await find_own(tx, person, message_id)
            conversation = await find_idle(tx, person, message.conversation_id)
            links = await shared_links.delete_showing(tx, person.person_key, message_id)
            learnt = await facts.count_of_message(tx, person.person_key, message_id)
            turn_ids = await turns.delete_of_message(tx, person.person_key, message_id)
            count = await messages.delete_pair(tx, person.person_key, message_id)
            left = await _after_deletion(tx, person, conversation, message)
        words = await self._forgetting.forget(person, message.conversation_id, turn_ids, learnt)
        gone = DeleteReceipt(
            int(left is None), count, len(turn_ids), shared_links=links, facts=learnt
        )
        return PairDeleted(message.conversation_id, left, message.parent_id, gone + words)


async def _after_deletion(
    tx: Connection, person: Person, conversation: Conversation, deleted: Message
) -> Conversation | None:
    """What is left of the conversation: on a branch that is there, with a title that has nothing of
    the deleted message. With its last message it goes too.
    """
    key, conversation_id = person.person_key, conversation.conversation_id
    newest = await message_tree.newest(tx, key, conversation_id)
    oldest = await message_tree.oldest(tx, key, conversation_id)
    if newest is None or oldest is None:
        await conversations.delete(tx, key, conversation_id)
        return None
    if not conversation.leaf_id or not await messages.find(tx, key, conversation.leaf_id):
        leaf_id = newest.message_id
        if deleted.parent_id is not None:
            leaf_id = await message_tree.newest_leaf(tx, key, deleted.parent_id) or leaf_id
        await conversations.show_branch(tx, key, conversation_id, leaf_id)
        conversation = replace(conversation, leaf_id=leaf_id)
    # What the model made of the deleted words goes with them; it may be asked for another one.
    if conversation.titled_by is TitledBy.MODEL or conversation.title == title_of(deleted.content):
        title, by = title_of(oldest.content), TitledBy.BOX
        conversation = replace(conversation, title=title, titled_by=by)
        await conversations.rename(tx, key, conversation_id, title, by)
    await conversations.touch(tx, key, conversation_id, int(time()))
    return conversation

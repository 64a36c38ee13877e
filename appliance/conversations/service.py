"""The use cases: what a person may do with conversations. Every call names who asks."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from time import time

from aiosqlite import Connection

from appliance.conversations.accepting import (
    accepted_client_id,
    accepted_content,
    accepted_title,
    title_of,
)
from appliance.conversations.box_status import BoxStatus
from appliance.conversations.conversation import (
    Conversation,
    DeleteReceipt,
    Message,
    OpenConversation,
    Person,
    Role,
    StartedTurn,
    Summary,
    TitledBy,
    Turn,
    TurnSnapshot,
    new_id,
)
from appliance.conversations.live_turn import ended_snapshot
from appliance.conversations.read_ahead import ReadAhead
from appliance.conversations.room import check_room
from appliance.conversations.turn_record import new_turn
from appliance.conversations.turn_runner import TurnRunner
from appliance.errors import Conflict, NotFound, QueueFull
from appliance.hot.recent_window import RecentWindow
from appliance.hot.token_stream import TokenStream
from appliance.prompting.assembler import Assembler
from appliance.prompting.summary import newest_chain, with_words
from appliance.store import conversations, messages, summaries, turns
from appliance.store.database import Database

_NO_CONVERSATION = "There is no such conversation. It may have been deleted."
_NO_TURN = "There is no such reply. Its conversation may have been deleted."
_STILL_WRITING = "A reply is still being written here. Wait for it or stop it first."


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """How long a message may be and how many turns may be open at once."""

    message_chars: int
    open_turns: int


class ConversationService:
    """One object a process; holds no state of its own."""

    def __init__(
        self,
        database: Database,
        runner: TurnRunner,
        assembler: Assembler,
        window: RecentWindow,
        token_stream: TokenStream,
        limits: ServiceLimits,
        box_status: Callable[[], BoxStatus],
        read_ahead: ReadAhead,
    ) -> None:
        self._database = database
        self._runner = runner
        self._assembler = assembler
        self._window = window
        self._token_stream = token_stream
        self._limits = limits
        self.box_status = box_status
        self._read_ahead = read_ahead

    async def start_turn(
        self,
        person: Person,
        *,
        conversation_id: str | None,
        content: str,
        client_message_id: str,
    ) -> StartedTurn:
        """Accept a message; when this returns, the message is on disk and its turn has begun.

        The same `client_message_id` again is harmless: it answers with what was accepted the first
        time. Raises InvalidInput, PromptTooLong, ConversationFull, NotFound, Conflict, QueueFull,
        StoreError.
        """
        client_message_id = accepted_client_id(client_message_id)
        content = accepted_content(content, self._limits.message_chars)
        await check_room(
            self._database, self._assembler, person, conversation_id, content, client_message_id
        )
        # Shielded: a client that hangs up now must not leave a stored message without its turn.
        accepting = self._accept(person, conversation_id, content, client_message_id)
        return await asyncio.shield(asyncio.ensure_future(accepting))

    async def _accept(
        self, person: Person, conversation_id: str | None, content: str, client_message_id: str
    ) -> StartedTurn:
        async with self._database.write() as tx:
            repeat = await messages.find_by_client_id(tx, person.person_key, client_message_id)
            if repeat is not None:
                return await self._repeated(tx, person, repeat)
            self._check_queue()
            now = int(time())
            conversation = await self._conversation_for(tx, person, conversation_id, content, now)
            message = Message(
                message_id=new_id(),
                conversation_id=conversation.conversation_id,
                parent_id=conversation.leaf_id,
                role=Role.USER,
                content=content,
                created_at=now,
            )
            turn = new_turn(message, now)
            await messages.insert(tx, person.person_key, message, client_message_id)
            await turns.insert(tx, person.person_key, turn)
            await conversations.set_leaf(
                tx, person.person_key, conversation.conversation_id, message.message_id, now
            )
        await self._window.push(message.conversation_id, message.parent_id, message)
        self._runner.start(person, turn)
        return StartedTurn(conversation, message, turn, is_new_conversation=not conversation_id)

    async def retry_turn(self, person: Person, turn_id: str) -> StartedTurn:
        """Another reply to the same message; earlier ones are kept. Raises NotFound, Conflict,
        QueueFull.
        """
        self._check_queue()
        async with self._database.write() as tx:
            old = await turns.find(tx, person.person_key, turn_id)
            if old is None:
                raise NotFound(_NO_TURN)
            if await turns.running_in(tx, person.person_key, old.conversation_id):
                raise Conflict(_STILL_WRITING)
            message = await messages.find(tx, person.person_key, old.input_message_id)
            conversation = await conversations.find(tx, person.person_key, old.conversation_id)
            if message is None or conversation is None:
                raise NotFound(_NO_TURN)
            now = int(time())
            turn = new_turn(message, now)
            await turns.insert(tx, person.person_key, turn)
            await conversations.set_leaf(
                tx, person.person_key, conversation.conversation_id, message.message_id, now
            )
        self._runner.start(person, turn)
        return StartedTurn(conversation, message, turn)

    async def stop_turn(self, person: Person, turn_id: str) -> None:
        """Stop the model; returns when the store knows. Raises NotFound."""
        await self.find_turn(person, turn_id)
        await self._runner.stop(person, turn_id)

    async def find_turn(self, person: Person, turn_id: str) -> Turn:
        """Raises NotFound."""
        async with self._database.read() as reader:
            turn = await turns.find(reader, person.person_key, turn_id)
        if turn is None:
            raise NotFound(_NO_TURN)
        return turn

    async def follow_turn(self, person: Person, turn_id: str) -> AsyncGenerator[TurnSnapshot, None]:
        """Snapshots of a turn: the present one at once, then each change, the final one last.
        Raises NotFound.
        """
        live = self._runner.find(person, turn_id)
        if live is not None:
            async for snapshot in live.follow():
                yield snapshot
            return
        turn = await self.find_turn(person, turn_id)
        text = turn.checkpoint
        if turn.reply_message_id is not None:
            async with self._database.read() as reader:
                reply = await messages.find(reader, person.person_key, turn.reply_message_id)
            text = reply.content if reply is not None else ""
        yield ended_snapshot(turn, text)

    async def list_conversations(self, person: Person) -> tuple[Conversation, ...]:
        """Newest activity first."""
        async with self._database.read() as reader:
            return await conversations.list_recent(reader, person.person_key)

    async def open_conversation(self, person: Person, conversation_id: str) -> OpenConversation:
        """The branch that was read last, with its turns. Raises NotFound."""
        async with self._database.read() as reader:
            conversation = await conversations.find(reader, person.person_key, conversation_id)
            if conversation is None:
                raise NotFound(_NO_CONVERSATION)
            branch: tuple[Message, ...] = ()
            found: tuple[Summary, ...] = ()
            if conversation.leaf_id is not None:
                branch = await messages.branch(
                    reader, person.person_key, conversation_id, conversation.leaf_id
                )
                found = await summaries.on_branch(
                    reader, person.person_key, conversation_id, conversation.leaf_id
                )
            asked = [m.message_id for m in branch if m.role is Role.USER]
            latest = await turns.latest_of_messages(
                reader, person.person_key, conversation_id, asked
            )
        return OpenConversation(conversation, branch, latest, with_words(newest_chain(found)))

    async def read_ahead(self, person: Person, conversation_id: str | None) -> None:
        """Somebody is about to write here, or a first message. Raises NotFound."""
        conversation = None
        if conversation_id:
            async with self._database.read() as reader:
                conversation = await conversations.find(reader, person.person_key, conversation_id)
                if conversation is None:
                    raise NotFound(_NO_CONVERSATION)
                if await turns.running_in(reader, person.person_key, conversation_id):
                    return
        self._read_ahead.begin(person, conversation)

    async def rename_conversation(
        self, person: Person, conversation_id: str, title: str
    ) -> Conversation:
        """Raises NotFound, InvalidInput."""
        title = accepted_title(title)
        async with self._database.write() as tx:
            conversation = await conversations.find(tx, person.person_key, conversation_id)
            if conversation is None:
                raise NotFound(_NO_CONVERSATION)
            await conversations.rename(tx, person.person_key, conversation_id, title)
        return replace(conversation, title=title)

    async def delete_conversation(self, person: Person, conversation_id: str) -> DeleteReceipt:
        """Delete it and all that is kept of it, in Valkey and the KV cache too. Raises NotFound."""
        async with self._database.read() as reader:
            running = await turns.running_in(reader, person.person_key, conversation_id)
        if running is not None:
            await self._runner.stop(person, running.turn_id)
        async with self._database.write() as tx:
            conversation = await conversations.find(tx, person.person_key, conversation_id)
            if conversation is None:
                raise NotFound(_NO_CONVERSATION)
            receipt = await conversations.delete(tx, person.person_key, conversation_id)
        await self._database.truncate_wal()
        await self._read_ahead.end(person)
        await self._runner.forget_words(person, conversation_id)
        await self._window.forget(conversation_id)
        if running is not None:
            await self._token_stream.forget(running.turn_id)
        return receipt

    def _check_queue(self) -> None:
        if self._runner.open_count >= self._limits.open_turns:
            raise QueueFull(
                f"{self._runner.open_count} replies are being written or waited for already. "
                "Try again in a minute."
            )

    async def _conversation_for(
        self,
        tx: Connection,
        person: Person,
        conversation_id: str | None,
        content: str,
        now: int,
    ) -> Conversation:
        if not conversation_id:
            conversation = Conversation(
                new_id(), title_of(content), now, now, titled_by=TitledBy.BOX
            )
            await conversations.insert(tx, person.person_key, conversation)
            return conversation
        found = await conversations.find(tx, person.person_key, conversation_id)
        if found is None:
            raise NotFound(_NO_CONVERSATION)
        if await turns.running_in(tx, person.person_key, conversation_id):
            raise Conflict(_STILL_WRITING)
        return found

    async def _repeated(self, tx: Connection, person: Person, message: Message) -> StartedTurn:
        conversation = await conversations.find(tx, person.person_key, message.conversation_id)
        latest = await turns.latest_of_messages(
            tx, person.person_key, message.conversation_id, [message.message_id]
        )
        assert conversation is not None, "a message has a conversation"
        return StartedTurn(conversation, message, latest[message.message_id], is_repeat=True)

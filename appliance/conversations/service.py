"""The use cases: what a person may do with conversations. Every call names who asks."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from time import time

from aiosqlite import Connection

from appliance.conversations.accepting import (
    accepted_client_id,
    accepted_content,
    accepted_title,
)
from appliance.conversations.asking import (
    ask,
    asked_before,
    check_desk,
    check_nobody_writes,
    check_queue,
    to_the_end,
)
from appliance.conversations.beginnings import Beginnings
from appliance.conversations.box_status import BoxStatus
from appliance.conversations.conversation import Conversation, Message, Person, Role, new_id
from appliance.conversations.deleted import DeleteReceipt
from appliance.conversations.finding import NO_TURN, find_conversation, find_idle
from appliance.conversations.forgetting import Forgetting
from appliance.conversations.live_turn import ended_snapshot
from appliance.conversations.opened import NEWEST, Excerpt, OpenConversation, StartedTurn
from appliance.conversations.opening import open_excerpt
from appliance.conversations.read_ahead import ReadAhead
from appliance.conversations.room import check_room
from appliance.conversations.turn import Turn, TurnSnapshot
from appliance.conversations.turn_record import new_turn
from appliance.conversations.turn_runner import TurnRunner
from appliance.errors import NotFound
from appliance.hot.recent_window import RecentWindow
from appliance.prompting.assembler import Assembler
from appliance.store import conversations, holdings, messages, turns
from appliance.store.database import Database


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """How long a message may be and how many turns may be open at once, and for whom a desk is."""

    message_chars: int
    open_turns: int
    is_for_sealed: bool = False
    """Whether it is for sealed accounts, and them alone."""


class ConversationService:
    """One object a process; holds no state of its own."""

    def __init__(
        self,
        database: Database,
        runner: TurnRunner,
        assembler: Assembler,
        window: RecentWindow,
        forgetting: Forgetting,
        limits: ServiceLimits,
        box_status: Callable[[], BoxStatus],
        read_ahead: ReadAhead,
        beginnings: Beginnings,
        listed: Database,
    ) -> None:
        self._database = database
        self._runner = runner
        self._assembler = assembler
        self._window = window
        self._forgetting = forgetting
        self._limits = limits
        self.box_status = box_status
        self._read_ahead = read_ahead
        self._beginnings = beginnings
        self._listed = listed

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
        return await to_the_end(self._accept(person, conversation_id, content, client_message_id))

    async def _accept(
        self, person: Person, conversation_id: str | None, content: str, client_message_id: str
    ) -> StartedTurn:
        async with self._database.write() as tx:
            repeat = await asked_before(tx, person, client_message_id)
            if repeat is not None:
                return repeat
            check_queue(self._runner, self._limits.open_turns)
            await check_desk(tx, person, self._limits.is_for_sealed)
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
            turn = await ask(tx, person, message, client_message_id)
        await self._window.push(message.conversation_id, message.parent_id, message)
        self._runner.start(person, turn)
        return StartedTurn(conversation, message, turn, is_new_conversation=not conversation_id)

    async def retry_turn(self, person: Person, turn_id: str) -> StartedTurn:
        """Another reply to the same message; earlier ones are kept. Raises NotFound, Conflict,
        QueueFull.
        """
        return await to_the_end(self._retry(person, turn_id))

    async def _retry(self, person: Person, turn_id: str) -> StartedTurn:
        check_queue(self._runner, self._limits.open_turns)
        async with self._database.write() as tx:
            await check_desk(tx, person, self._limits.is_for_sealed)
            old = await turns.find(tx, person.person_key, turn_id)
            if old is None:
                raise NotFound(NO_TURN)
            await check_nobody_writes(tx, person, old.conversation_id)
            message = await messages.find(tx, person.person_key, old.input_message_id)
            conversation = await conversations.find(tx, person.person_key, old.conversation_id)
            if message is None or conversation is None:
                raise NotFound(NO_TURN)
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
            raise NotFound(NO_TURN)
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
        """Newest activity first, of those that are kept."""
        async with self._listed.read() as reader:
            return await conversations.list_recent(reader, person.person_key)

    async def open_conversation(
        self, person: Person, conversation_id: str, excerpt: Excerpt = NEWEST
    ) -> OpenConversation:
        """A part of the branch that was read last, with its turns. Raises NotFound."""
        async with self._database.read() as reader:
            conversation = await find_conversation(reader, person, conversation_id)
            return await open_excerpt(reader, person, conversation, excerpt)

    async def read_ahead(self, person: Person, conversation_id: str | None) -> None:
        """Somebody is about to write here, or a first message. Raises NotFound."""
        conversation = None
        if conversation_id:
            async with self._database.read() as reader:
                conversation = await find_conversation(reader, person, conversation_id)
                if await turns.running_in(reader, person.person_key, conversation_id):
                    return
        self._read_ahead.begin(person, conversation)

    async def rename_conversation(
        self, person: Person, conversation_id: str, title: str
    ) -> Conversation:
        """Raises NotFound, InvalidInput."""
        title = accepted_title(title)
        async with self._database.write() as tx:
            conversation = await find_conversation(tx, person, conversation_id)
            await conversations.rename(tx, person.person_key, conversation_id, title)
        return replace(conversation, title=title)

    async def delete_conversation(self, person: Person, conversation_id: str) -> DeleteReceipt:
        """Delete it and all that is kept of it, in Valkey and the KV cache too. Raises NotFound."""
        async with self._database.read() as reader:
            running = await turns.running_in(reader, person.person_key, conversation_id)
        if running is not None:
            await self._runner.stop(person, running.turn_id)
        async with self._database.write() as tx:
            await find_conversation(tx, person, conversation_id)
            turn_ids = await holdings.turn_ids(tx, person.person_key, conversation_id)
            receipt = await conversations.delete(tx, person.person_key, conversation_id)
        return receipt + await self._forgetting.forget(
            person, conversation_id, turn_ids, receipt.facts
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
            return await self._beginnings.begin(tx, person, content, now)
        return await find_idle(tx, person, conversation_id)

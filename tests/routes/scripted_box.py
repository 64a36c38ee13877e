"""The real web application over a service that does exactly what a test says, step by step."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import uvicorn
from scripted_details import ScriptedReplays, ScriptedSeenPrompts
from signed_in import scripted_door

from appliance.admin_desk import AdminDesk
from appliance.app import create_app
from appliance.conversations.box_status import BoxStatus
from appliance.conversations.branches import Branches
from appliance.conversations.conversation import Conversation, Message, Person, Role, new_id
from appliance.conversations.deleted import DeleteReceipt
from appliance.conversations.lifetimes import Lifetimes
from appliance.conversations.live_turn import LiveTurn, ended_snapshot
from appliance.conversations.opened import NEWEST, Excerpt, OpenConversation, StartedTurn
from appliance.conversations.opening import SCREENFUL
from appliance.conversations.service import ConversationService
from appliance.conversations.temporary import TemporaryConversations
from appliance.conversations.turn import Turn, TurnCounts, TurnPhase, TurnSnapshot, TurnStatus
from appliance.desk import Desk
from appliance.documents.document import Document
from appliance.documents.files import DocumentFiles
from appliance.documents.intake import Intake
from appliance.documents.library import Library
from appliance.documents_desk import DocumentsDesk
from appliance.engine.gauges import EngineGauges
from appliance.errors import Conflict, NotFound
from appliance.lifespan import Box
from appliance.metrics import Metrics
from appliance.recall_desk import RecallDesk
from appliance.sealed_desk import SealedDesk
from appliance.settings import Settings
from appliance.stalled_readers import STALLED_SECONDS, cut_stalled_readers
from appliance.temporary_desk import TemporaryDesk

NOW = 1_800_000_000
ME = Person(1, "1" * 32, "me")
SOMEONE_ELSE = Person(2, "2" * 32, "someone else")


class ScriptedService(ConversationService):
    """Conversations in memory; nothing happens to a turn unless the test says so."""

    def __init__(self) -> None:
        self.status = BoxStatus("ready", "a-model", "Ready.")
        self.now = NOW
        self.conversations: dict[str, Conversation] = {}
        self.owners: dict[str, Person] = {}
        self.messages: dict[str, list[Message]] = {}
        self.turns: dict[str, Turn] = {}
        self.live: dict[str, LiveTurn] = {}
        self.by_client_id: dict[str, StartedTurn] = {}
        self.refusal: Exception | None = None
        self.stopped: list[str] = []
        self.followers = 0
        self.ahead: list[str | None] = []
        self.replays = ScriptedReplays(self)

    async def read_ahead(self, person: Person, conversation_id: str | None) -> None:
        if conversation_id is not None:
            await self.open_conversation(person, conversation_id)
        self.ahead.append(conversation_id)

    # What a test says.

    def add_conversation(self, title: str, person: Person = ME, at: int | None = None) -> str:
        when = self.now if at is None else at
        conversation = Conversation(new_id(), title, when, when)
        self.conversations[conversation.conversation_id] = conversation
        self.owners[conversation.conversation_id] = person
        self.messages[conversation.conversation_id] = []
        return conversation.conversation_id

    def add_exchange(
        self, conversation_id: str, asked: str, answered: str, at: int | None = None, **turn: Any
    ) -> Turn:
        """A message and its finished reply; `turn` may change how it ended."""
        started = self._begin(conversation_id, asked, at)
        self.live.pop(started.turn.turn_id)
        return self._end(started.turn, answered, **turn)

    def begin(self, conversation_id: str, asked: str) -> Turn:
        """A message whose turn waits."""
        return self._begin(conversation_id, asked, None).turn

    def show(self, turn_id: str, phase: TurnPhase, text: str = "", **more: Any) -> None:
        """What a running turn looks like from now on."""
        live = self.live[turn_id]
        live.phase, live.text = phase, text
        for name, value in more.items():
            setattr(live, name, value)
        live.changed()

    def finish(self, turn_id: str, text: str, **turn: Any) -> None:
        """The end of a running turn."""
        live = self.live.pop(turn_id)
        live.text = text
        live.end(self._end(live.turn, text, **turn))

    def wake_up(self) -> None:
        """Live turns as a restarted box has them: no reader of before is waited for."""
        for turn_id, live in self.live.items():
            again = LiveTurn(live.person_key, live.turn)
            again.phase, again.text = live.phase, live.text
            self.live[turn_id] = again

    # What the page asks.

    def box_status(self) -> BoxStatus:
        return self.status

    async def start_turn(
        self,
        person: Person,
        *,
        conversation_id: str | None,
        content: str,
        client_message_id: str,
    ) -> StartedTurn:
        if self.refusal is not None:
            raise self.refusal
        if (known := self.by_client_id.get(client_message_id)) is not None:
            return replace(known, is_repeat=True)
        is_new = conversation_id is None
        if conversation_id is None:
            conversation_id = self.add_conversation(content[:40], person)
        self._owned(person, conversation_id)
        if any(not turn.status.is_final for turn in self._turns_of(conversation_id)):
            raise Conflict("A reply is still being written here. Wait for it or stop it first.")
        started = replace(self._begin(conversation_id, content, None), is_new_conversation=is_new)
        self.by_client_id[client_message_id] = started
        return started

    async def retry_turn(self, person: Person, turn_id: str) -> StartedTurn:
        old = await self.find_turn(person, turn_id)
        messages = self.messages[old.conversation_id]
        message = next(m for m in messages if m.message_id == old.input_message_id)
        messages[:] = [m for m in messages if m.message_id != old.reply_message_id]
        turn = self._new_turn(message)
        return StartedTurn(self.conversations[old.conversation_id], message, turn)

    async def stop_turn(self, person: Person, turn_id: str) -> None:
        await self.find_turn(person, turn_id)
        self.stopped.append(turn_id)
        if turn_id in self.live:
            text = self.live[turn_id].text
            self.finish(turn_id, text, status=TurnStatus.CANCELLED, finish_reason="cancelled")

    async def find_turn(self, person: Person, turn_id: str) -> Turn:
        turn = self.turns.get(turn_id)
        if turn is None:
            raise NotFound("There is no such reply.")
        self._owned(person, turn.conversation_id)
        return turn

    async def follow_turn(self, person: Person, turn_id: str) -> AsyncGenerator[TurnSnapshot, None]:
        turn = await self.find_turn(person, turn_id)
        self.followers += 1
        try:
            if (live := self.live.get(turn_id)) is not None:
                async for snapshot in live.follow():
                    yield snapshot
            else:
                yield ended_snapshot(turn, "")
        finally:
            self.followers -= 1

    async def list_conversations(self, person: Person) -> tuple[Conversation, ...]:
        own = [c for key, c in self.conversations.items() if self.owners[key] == person]
        return tuple(sorted(own, key=lambda c: c.updated_at, reverse=True))

    async def open_conversation(
        self, person: Person, conversation_id: str, excerpt: Excerpt = NEWEST
    ) -> OpenConversation:
        self._owned(person, conversation_id)
        messages, turns = self.messages[conversation_id], self._turns_of(conversation_id)
        leaf_id = messages[-1].message_id if messages else None
        return OpenConversation(
            replace(self.conversations[conversation_id], leaf_id=leaf_id),
            tuple(_part(messages, excerpt)),
            {turn.input_message_id: turn for turn in turns},
            {turn.reply_message_id: turn for turn in turns if turn.reply_message_id},
        )

    async def rename_conversation(
        self, person: Person, conversation_id: str, title: str
    ) -> Conversation:
        if self.refusal is not None:
            raise self.refusal
        self._owned(person, conversation_id)
        renamed = replace(self.conversations[conversation_id], title=title)
        self.conversations[conversation_id] = renamed
        return renamed

    async def delete_conversation(self, person: Person, conversation_id: str) -> DeleteReceipt:
        self._owned(person, conversation_id)
        del self.conversations[conversation_id]
        turns = self._turns_of(conversation_id)
        return DeleteReceipt(1, len(self.messages.pop(conversation_id)), len(turns))

    def _owned(self, person: Person, conversation_id: str) -> None:
        is_there = conversation_id in self.conversations
        if not is_there or self.owners[conversation_id] != person:
            raise NotFound("There is no such conversation. It may have been deleted.")

    def _turns_of(self, conversation_id: str) -> list[Turn]:
        return [t for t in self.turns.values() if t.conversation_id == conversation_id]

    def _begin(self, conversation_id: str, asked: str, at: int | None) -> StartedTurn:
        when = self.now if at is None else at
        parent = self.messages[conversation_id][-1:]
        parent_id = parent[0].message_id if parent else None
        message = Message(new_id(), conversation_id, parent_id, Role.USER, asked, when)
        self.messages[conversation_id].append(message)
        return StartedTurn(self.conversations[conversation_id], message, self._new_turn(message))

    def _new_turn(self, message: Message) -> Turn:
        turn = Turn(
            turn_id=new_id(),
            conversation_id=message.conversation_id,
            input_message_id=message.message_id,
            reply_message_id=None,
            status=TurnStatus.WAITING,
            created_at=message.created_at,
        )
        # The newest is the last, so that it is the latest of its message.
        self.turns[turn.turn_id] = turn
        self.live[turn.turn_id] = LiveTurn(ME.person_key, turn)
        return turn

    def _end(self, turn: Turn, text: str, **changes: Any) -> Turn:
        reply_id = None
        if text:
            reply_id = new_id()
            reply = Message(
                message_id=reply_id,
                conversation_id=turn.conversation_id,
                parent_id=turn.input_message_id,
                role=Role.ASSISTANT,
                content=text,
                created_at=turn.created_at + 3,
            )
            self.messages[turn.conversation_id].append(reply)
        ended: dict[str, Any] = {
            "status": TurnStatus.FINISHED,
            "finish_reason": "stop",
            "counts": TurnCounts(40, 101, 0, 5, 820, 2000),
            "reply_message_id": reply_id,
        }
        self.turns[turn.turn_id] = replace(turn, **{**ended, **changes})
        return self.turns[turn.turn_id]


class ScriptedBranches(Branches):
    """Every scripted conversation has one branch, so there is nothing to switch."""

    def __init__(self, service: ScriptedService) -> None:
        self._service = service

    async def show(self, person: Person, conversation_id: str, message_id: str) -> None:
        await self._service.open_conversation(person, conversation_id)


def _part(messages: list[Message], excerpt: Excerpt) -> list[Message]:
    """As a page asks for it; every screenful begins with what a person said."""
    places = {message.message_id: place for place, message in enumerate(messages)}
    if excerpt.before_id:
        end = places.get(excerpt.before_id, 0)
        return messages[max(0, end - SCREENFUL) : end]
    if excerpt.after_id:
        start = places.get(excerpt.after_id, len(messages)) + 1
        return messages[start : start + SCREENFUL]
    start = places.get(excerpt.from_id, max(0, len(messages) - SCREENFUL))
    return messages[start : places.get(excerpt.to_id, len(messages)) + 1]


def _scripted_parts(service: ScriptedService) -> dict[str, Any]:
    return {
        "service": service,
        "branches": ScriptedBranches(service),
        "seen_prompts": ScriptedSeenPrompts(service),
        "replays": service.replays,
    }


class NoneTemporary(TemporaryConversations):
    """Nobody has a temporary conversation."""

    def __init__(self) -> None:
        return

    async def named_by(self, person: Person, ids: Mapping[str, str]) -> None:
        return None


class NoIntake(Intake):
    """Nothing is being read."""

    def __init__(self) -> None:
        self.progress, self.trouble = None, ""


class NoDocuments(Library):
    """Nobody has put anything in."""

    def __init__(self) -> None:
        return

    async def of_conversation(self, person: Person, conversation_id: str) -> tuple[Document, ...]:
        return ()


def scripted_box(service: ScriptedService, data_dir: Path) -> Box:
    """A box of which only the page's parts are real."""
    at_desk: dict[str, Any] = dict.fromkeys(field.name for field in fields(Desk))
    parts: dict[str, Any] = dict.fromkeys(field.name for field in fields(Box))
    parts |= {
        "settings": Settings(data_dir=data_dir, server={"names": ["box.test"]}),
        "person": ME,
        "door": scripted_door(ME, SOMEONE_ELSE),
        "desk": Desk(**at_desk | _scripted_parts(service)),
        "temporary": TemporaryDesk(Desk(**at_desk), NoneTemporary(), Lifetimes()),
        "admin": AdminDesk(**dict.fromkeys(field.name for field in fields(AdminDesk))),
        "sealed": SealedDesk(**dict.fromkeys(field.name for field in fields(SealedDesk))),
        "documents": DocumentsDesk(NoDocuments(), NoIntake(), DocumentFiles(data_dir)),
        "recall": RecallDesk(**dict.fromkeys(field.name for field in fields(RecallDesk))),
        "metrics": Metrics(EngineGauges),
        "page_secret": "s" * 64,
    }
    return Box(**parts)


class RunningBox:
    """A scripted box behind a real socket; `do` runs a step of the script where the box lives."""

    def __init__(
        self,
        service: ScriptedService,
        data_dir: Path,
        stalled_seconds: float = STALLED_SECONDS,
    ) -> None:
        self.service = service
        self._stalled_seconds = stalled_seconds
        self._loop = asyncio.new_event_loop()
        self._data_dir = data_dir
        self.url = ""

    def do(self, step: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        async def run() -> Any:
            return step(*args, **kwargs)

        return self.wait(run())

    def wait(self, happening: Coroutine[Any, Any, Any]) -> Any:
        """Until it has happened where the box lives."""
        return asyncio.run_coroutine_threadsafe(happening, self._loop).result(timeout=30)

    @contextmanager
    def running(self, port: int = 0) -> Iterator["RunningBox"]:
        config = uvicorn.Config(
            "",
            host="127.0.0.1",
            port=port,
            log_level="error",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        socket = config.bind_socket()
        socket.listen()  # who comes before the box is ready waits for it
        cut_stalled_readers(socket, self._stalled_seconds)
        port = socket.getsockname()[1]
        box = scripted_box(self.service, self._data_dir)
        self.door = box.door
        config.app = create_app(box, port)
        self._server = uvicorn.Server(config)
        self.url = f"http://127.0.0.1:{port}"
        self._thread = threading.Thread(
            target=lambda: self._loop.run_until_complete(self._server.serve([socket]))
        )
        self._thread.start()
        try:
            yield self
        finally:
            self.stop()
            socket.close()
            self._loop.close()

    def stop(self) -> None:
        """Be away: streams end without their end, and nobody answers."""
        if not self._thread.is_alive():
            return
        for live in list(self.service.live.values()):
            self.do(live.release_readers)
        self._server.should_exit = True
        self._thread.join(timeout=20)

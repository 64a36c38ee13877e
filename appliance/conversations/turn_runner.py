"""Runs each turn to its end as a task of the server's own, whether or not a browser listens.

Order at the end of a turn: the store has the whole reply first, then readers are told. A shutdown
writes down how far a turn has come and leaves it unfinished; `recovery` goes on from there at the
next start.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic, time
from typing import Any

import structlog

from appliance.conversations.conversation import (
    Message,
    Person,
    Role,
    Turn,
    TurnCounts,
    TurnPhase,
    TurnStatus,
    new_id,
)
from appliance.conversations.generation import Generations
from appliance.conversations.live_turn import LiveTurn
from appliance.engine.events import Delta, Ended, Event, Progress
from appliance.engine.sequence import FinishReason, SamplingParams
from appliance.errors import ApplianceError, NotFound, StoreError
from appliance.hot.recent_window import RecentWindow
from appliance.hot.token_stream import TokenStream
from appliance.prompting.assembler import Assembler
from appliance.store import conversations, messages, turns
from appliance.store.database import Database

log = structlog.get_logger(__name__)

CHECKPOINT_SECONDS = 1.0

_STATUS = {
    FinishReason.STOP: TurnStatus.FINISHED,
    FinishReason.LENGTH: TurnStatus.FINISHED,
    FinishReason.CANCELLED: TurnStatus.CANCELLED,
    FinishReason.ERROR: TurnStatus.FAILED,
}


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """What a turn records of the model it ran on, and how that model likes to be sampled."""

    name: str
    sha256: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)


class TurnRunner:
    """Owner of all open turns."""

    def __init__(
        self,
        database: Database,
        generations: Generations,
        assembler: Assembler,
        window: RecentWindow,
        token_stream: TokenStream,
        model_profile: Callable[[], ModelProfile],
    ) -> None:
        self._database = database
        self._generations = generations
        self._assembler = assembler
        self._window = window
        self._token_stream = token_stream
        self._model_profile = model_profile
        self._live: dict[str, LiveTurn] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def open_count(self) -> int:
        return len(self._live)

    def find(self, person: Person, turn_id: str) -> LiveTurn | None:
        live = self._live.get(turn_id)
        return live if live is not None and live.person_key == person.person_key else None

    def start(self, person: Person, turn: Turn) -> LiveTurn:
        """Run a turn that the store knows already."""
        live = LiveTurn(person.person_key, turn)
        self._live[turn.turn_id] = live
        task = asyncio.create_task(self._run(person, live), name=f"turn-{turn.turn_id}")
        self._tasks[turn.turn_id] = task
        task.add_done_callback(lambda _: self._drop(turn.turn_id))
        return live

    async def stop(self, person: Person, turn_id: str) -> None:
        """Stop a running turn and wait until the store knows; harmless when it is over."""
        live = self.find(person, turn_id)
        if live is None:
            return
        task = self._tasks[turn_id]
        live.is_stopping = True
        if live.generation is not None:
            live.generation.cancel()
        elif live.phase in (TurnPhase.LOADING, TurnPhase.WAITING):
            task.cancel()
        await asyncio.wait([task])

    def release_readers(self) -> None:
        """Close all streams before a stop, without saying that their turns are over."""
        for live in self._live.values():
            live.release_readers()

    async def shut_down(self) -> None:
        """Write down how far every turn has come; they go on at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _drop(self, turn_id: str) -> None:
        self._live.pop(turn_id, None)
        self._tasks.pop(turn_id, None)

    async def _run(self, person: Person, live: LiveTurn) -> None:
        try:
            ended = await self._generate(person, live)
            counts = _counts(ended, live.ttft_ms)
            await self._finish(person, live, ended.finish_reason, ended.error, counts)
        except asyncio.CancelledError:
            if live.is_stopping:
                await self._finish(person, live, FinishReason.CANCELLED)
            else:
                await self.checkpoint_now(live)
                raise
        except ApplianceError as error:
            await self._finish(person, live, FinishReason.ERROR, str(error))
        except Exception:  # the turn runner's border: the reader must see an end
            log.exception("turn failed", turn_id=live.turn.turn_id)
            sentence = "Something went wrong inside the box. Try again; the log has the details."
            await self._finish(person, live, FinishReason.ERROR, sentence)

    async def _generate(self, person: Person, live: LiveTurn) -> Ended:
        live.changed()
        await self._generations.wait_ready()
        live.phase = TurnPhase.WAITING
        live.changed()
        prompt = await self._assembler.assemble(person, live.turn, live.text)
        sampling = self._sampling(live.turn, prompt.reply_tokens)
        await self._note_start(person, live, prompt.record, sampling)
        with_checkpoints = self._checkpoints(live)
        try:
            async with self._generations.begin(
                person.person_id, prompt.tokens, sampling
            ) as generation:
                live.generation = generation
                if live.is_stopping:
                    generation.cancel()
                async for event in generation:
                    if isinstance(event, Ended):
                        return event
                    await self._take(live, event)
            raise AssertionError("a generation ends with Ended")
        finally:
            with_checkpoints.cancel()

    async def _take(self, live: LiveTurn, event: Event) -> None:
        match event:
            case Progress():
                live.place = event.place
                live.phase = TurnPhase.READING if event.place is None else TurnPhase.WAITING
                live.prefilled_tokens = event.prefilled_tokens
                live.prompt_tokens = event.prompt_tokens
            case Delta():
                offset = len(live.text)
                live.text += event.text
                live.phase = TurnPhase.WRITING
                if live.ttft_ms is None:
                    live.ttft_ms = round((monotonic() - live.accepted_at) * 1000)
                self._token_stream.append_soon(live.turn.turn_id, offset, event.text)
        live.changed()

    def _checkpoints(self, live: LiveTurn) -> "asyncio.Task[None]":
        """Write the growing reply down once a second, beside the reading of events."""

        async def keep_writing() -> None:
            while True:
                await asyncio.sleep(CHECKPOINT_SECONDS)
                await self.checkpoint_now(live)

        return asyncio.create_task(keep_writing())

    async def checkpoint_now(self, live: LiveTurn) -> None:
        """Write down how far a reply has come."""
        if live.text == live.turn.checkpoint:
            return
        text = live.text
        try:
            async with self._database.write() as tx:
                await turns.checkpoint(tx, live.person_key, live.turn.turn_id, text)
        except StoreError as error:
            log.warning("checkpoint failed", turn_id=live.turn.turn_id, error=str(error))
            return
        live.turn = replace(live.turn, checkpoint=text)

    async def _note_start(
        self, person: Person, live: LiveTurn, record: dict[str, object], sampling: SamplingParams
    ) -> None:
        model = self._model_profile()
        live.turn = replace(
            live.turn,
            status=TurnStatus.RUNNING,
            seed=sampling.seed,
            sampling=_sampling_record(sampling),
            model_sha256=model.sha256,
            prompt_record=record,
        )
        async with self._database.write() as tx:
            await turns.start(
                tx, person.person_key, live.turn.turn_id, record, model.sha256, sampling.seed
            )

    def _sampling(self, turn: Turn, reply_tokens: int) -> SamplingParams:
        """The model's own defaults; a turn that goes on keeps its seed."""
        defaults = dict(self._model_profile().sampling)
        seed = turn.seed or secrets.randbits(31) + 1
        return SamplingParams(**{**defaults, "max_tokens": reply_tokens, "seed": seed})

    async def _finish(
        self,
        person: Person,
        live: LiveTurn,
        reason: FinishReason,
        error: str | None = None,
        counts: TurnCounts | None = None,
    ) -> None:
        turn, reply = _ended_turn(live, reason, error, counts)
        try:
            async with self._database.write() as tx:
                if reply is not None:
                    await messages.insert(tx, person.person_key, reply, None)
                    await conversations.set_leaf(
                        tx,
                        person.person_key,
                        turn.conversation_id,
                        reply.message_id,
                        reply.created_at,
                    )
                await turns.finish(tx, person.person_key, turn)
        except NotFound:
            # Its conversation was deleted meanwhile; there is nobody to tell but the open readers.
            live.end(replace(turn, status=TurnStatus.CANCELLED))
            return
        except StoreError as store_error:
            # Not said to be done: the row stays unfinished, and the next start goes on from the
            # checkpoint.
            log.error("the end of a turn was not stored", turn_id=turn.turn_id)
            live.end(replace(turn, status=TurnStatus.FAILED, error=str(store_error)))
            return
        if reply is not None:
            await self._window.push(turn.conversation_id, turn.input_message_id, reply)
        live.end(turn)
        await self._token_stream.close(turn.turn_id)
        log.info(
            "turn ended",
            turn_id=turn.turn_id,
            status=str(turn.status),
            finish_reason=turn.finish_reason,
            completion_tokens=turn.counts.completion_tokens,
        )


def _ended_turn(
    live: LiveTurn, reason: FinishReason, error: str | None, counts: TurnCounts | None
) -> tuple[Turn, Message | None]:
    """The turn as it goes into the store, and its reply when there is any text to keep."""
    reply = None
    if live.text.strip():
        reply = Message(
            message_id=new_id(),
            conversation_id=live.turn.conversation_id,
            parent_id=live.turn.input_message_id,
            role=Role.ASSISTANT,
            content=live.text,
            created_at=int(time()),
        )
    turn = replace(
        live.turn,
        status=_STATUS[reason],
        finish_reason=str(reason),
        error=error,
        reply_message_id=reply.message_id if reply else None,
        checkpoint="",
        counts=counts or live.turn.counts,
    )
    return turn, reply


def _counts(ended: Ended, ttft_ms: int | None) -> TurnCounts:
    counts = ended.counts
    return TurnCounts(
        prompt_tokens=counts.prompt_tokens,
        completion_tokens=counts.completion_tokens,
        cached_tokens=counts.cached_tokens,
        queue_ms=counts.queue_ms,
        ttft_ms=ttft_ms,
        decode_ms=counts.decode_ms,
    )


def _sampling_record(sampling: SamplingParams) -> dict[str, object]:
    return {
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "max_tokens": sampling.max_tokens,
    }

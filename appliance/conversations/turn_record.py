"""What the store learns of a turn while it runs. The last write comes before any reader is told."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from time import time

import structlog

from appliance.conversations.conversation import Message, Role, new_id
from appliance.conversations.live_turn import LiveTurn
from appliance.conversations.turn import Turn, TurnCounts, TurnStatus
from appliance.engine.events import Ended
from appliance.engine.sequence import FinishReason, SamplingParams
from appliance.errors import NotFound, StoreError
from appliance.store import conversations, messages, turns
from appliance.store.database import Database

log = structlog.get_logger(__name__)

CHECKPOINT_SECONDS = 1.0
STORE_AGAIN_SECONDS = 2.0

_STATUS = {
    FinishReason.STOP: TurnStatus.FINISHED,
    FinishReason.LENGTH: TurnStatus.FINISHED,
    FinishReason.CANCELLED: TurnStatus.CANCELLED,
    FinishReason.ERROR: TurnStatus.FAILED,
}


class TurnRecord:
    """Writes a live turn down; `count_end` is told how each one ended."""

    def __init__(self, database: Database, count_end: Callable[[TurnStatus], None]) -> None:
        self._database = database
        self._count_end = count_end

    async def begin(
        self,
        live: LiveTurn,
        prompt_record: Mapping[str, object],
        sampling: SamplingParams,
        model_sha256: str,
    ) -> None:
        """The turn runs, with this prompt, this sampling and this model. Raises StoreError."""
        live.turn = replace(
            live.turn,
            status=TurnStatus.RUNNING,
            seed=sampling.seed,
            sampling=asdict(sampling),
            model_sha256=model_sha256,
            prompt_record=prompt_record,
        )
        turn_id = live.turn.turn_id
        async with self._database.write() as tx:
            await turns.start(
                tx, live.person_key, turn_id, prompt_record, model_sha256, sampling.seed
            )

    async def reply_before(self, live: LiveTurn) -> str:
        """What stood there of a reply that this turn continues; nothing of one that is new."""
        if live.turn.reply_message_id is None:
            return ""
        async with self._database.read() as reader:
            reply = await messages.find(reader, live.person_key, live.turn.reply_message_id)
        return reply.content if reply is not None else ""

    async def keep_checkpointing(self, live: LiveTurn) -> None:
        """Write the growing reply down once a second, until cancelled."""
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            await self.checkpoint(live)

    async def checkpoint(self, live: LiveTurn) -> None:
        """Write down how far a reply has come; a failure is made good by the next one."""
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

    async def pause(self, live: LiveTurn) -> None:
        """A stop that was asked for: the next start goes on from here."""
        try:
            async with self._database.write() as tx:
                await turns.pause(tx, live.person_key, live.turn.turn_id, live.text)
        except StoreError as error:
            log.warning("pause failed", turn_id=live.turn.turn_id, error=str(error))

    async def end(self, person_key: int, turn: Turn, reply: Message | None) -> None:
        """The turn is over; with its reply, in one commit.

        Raises StoreError, and NotFound when its conversation was deleted meanwhile.
        """
        async with self._database.write() as tx:
            if reply is not None:
                # One that is continued is there already, and only ever becomes longer.
                if not await messages.extend(tx, person_key, reply.message_id, reply.content):
                    await messages.insert(tx, person_key, reply, None)
                await conversations.set_leaf(
                    tx, person_key, reply.conversation_id, reply.message_id, reply.created_at
                )
            is_ended = await turns.finish(tx, person_key, turn)
        if is_ended:
            self._count_end(turn.status)

    async def end_when_possible(self, person_key: int, turn: Turn, reply: Message | None) -> None:
        """The reader knows that the disk is full; what was written is kept until it is not."""
        while True:
            await asyncio.sleep(STORE_AGAIN_SECONDS)
            try:
                await self.end(person_key, turn, reply)
            except StoreError:
                continue
            except NotFound:
                return
            log.info("the end of a turn was stored after all", turn_id=turn.turn_id)
            return


def ended_turn(
    live: LiveTurn, reason: FinishReason, error: str | None, counts: TurnCounts | None
) -> tuple[Turn, Message | None]:
    """The turn as the store shall have it, and its reply when there is any text to keep."""
    reply = None
    if live.text.strip():
        reply = Message(
            message_id=live.turn.reply_message_id or new_id(),
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


def turn_counts(ended: Ended, ttft_ms: int | None) -> TurnCounts:
    """The engine's counts, with the time to the first delta as the person saw it."""
    return TurnCounts(**{**asdict(ended.counts), "ttft_ms": ttft_ms})


def new_turn(message: Message, now: int) -> Turn:
    """A turn that is to answer `message` and waits to run."""
    return Turn(
        turn_id=new_id(),
        conversation_id=message.conversation_id,
        input_message_id=message.message_id,
        reply_message_id=None,
        status=TurnStatus.WAITING,
        created_at=now,
    )

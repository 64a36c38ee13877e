"""Runs each turn to its end as a task of the server's own, whether or not a browser listens.

Order at the end of a turn: the store has the whole reply first, then readers are told. A shutdown
writes down how far a turn has come and leaves it unfinished; `recovery` goes on from there at the
next start.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import monotonic

import structlog

from appliance.conversations.asides import Asides
from appliance.conversations.conversation import Person
from appliance.conversations.generation import CountReply, Generations, Handling, nobody_counts
from appliance.conversations.line import PlaceInLine
from appliance.conversations.live_turn import LiveTurn
from appliance.conversations.model_profile import ModelProfile
from appliance.conversations.turn import Turn, TurnCounts, TurnPhase, TurnStatus
from appliance.conversations.turn_record import TurnRecord, ended_turn, turn_counts
from appliance.engine.events import Delta, Ended, Event, Progress, SequenceCounts
from appliance.engine.sequence import FinishReason
from appliance.errors import AccountClosed, ApplianceError, NotFound, StoreError
from appliance.hot.recent_window import RecentWindow
from appliance.hot.token_stream import TokenStream
from appliance.prompting.assembler import Assembler

log = structlog.get_logger(__name__)


class TurnRunner:
    """Owner of all open turns."""

    def __init__(
        self,
        record: TurnRecord,
        generations: Generations,
        assembler: Assembler,
        window: RecentWindow,
        token_stream: TokenStream,
        model_profile: Callable[[], ModelProfile],
        asides: Asides,
        count: CountReply = nobody_counts,
    ) -> None:
        self.record = record
        self._generations = generations
        self._assembler = assembler
        self._window = window
        self._token_stream = token_stream
        self._model_profile = model_profile
        self._asides = asides
        self._count = count
        self._live: dict[str, LiveTurn] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def open_count(self) -> int:
        return len(self._live)

    def find(self, person: Person, turn_id: str) -> LiveTurn | None:
        live = self._live.get(turn_id)
        return live if live is not None and live.person_key == person.person_key else None

    def start(self, person: Person, turn: Turn, line: PlaceInLine | None = None) -> LiveTurn:
        """Run a turn that the store knows already; if it stands in a line, when it comes first."""
        self._asides.turn_begins(turn)
        live = LiveTurn(person.person_key, turn, line)
        self._live[turn.turn_id] = live
        if turn.checkpoint:
            self._token_stream.append_soon(turn.turn_id, 0, turn.checkpoint)
        task = asyncio.create_task(self._run(person, live), name=f"turn-{turn.turn_id}")
        self._tasks[turn.turn_id] = task
        task.add_done_callback(lambda _: self._drop(turn.turn_id))
        task.add_done_callback(lambda _: live.line.leave())
        task.add_done_callback(lambda _: self._asides.turn_is_over(person, live.turn))
        return live

    async def give_up(self, person: Person, turn: Turn, sentence: str) -> None:
        """End a turn as failed, with the text that it has."""
        await self._finish(LiveTurn(person.person_key, turn), FinishReason.ERROR, sentence)

    async def stop(self, person: Person, turn_id: str) -> None:
        """Stop a running turn and wait until the store knows; harmless when it is over."""
        live = self.find(person, turn_id)
        if live is None or live.phase is TurnPhase.ENDED:
            return
        task = self._tasks[turn_id]
        if live.generation is not None:
            live.generation.cancel()
        elif not live.is_stopping:  # once: a second one would interrupt the first one's ending
            task.cancel()
        live.is_stopping = True
        await asyncio.wait([task])

    def writes_for(self, person: Person) -> bool:
        """Whether a reply to this person is not over."""
        return any(self.find(person, turn_id) for turn_id in self._live)

    async def wait_for(self, person: Person) -> None:
        """Return when every turn of this person that is open now is over and stored."""
        own = [task for turn_id, task in self._tasks.items() if self.find(person, turn_id)]
        if own:
            await asyncio.wait(own)

    async def stop_all(self, person: Person) -> None:
        """Stop every running turn of this person, and wait until the store knows."""
        own = [turn_id for turn_id in self._live if self.find(person, turn_id)]
        await asyncio.gather(*(self.stop(person, turn_id) for turn_id in own))

    async def end_asides(self, person: Person, conversation_id: str | None = None) -> None:
        """Nothing more is asked beside this conversation, or any of this person's."""
        await self._asides.end(person, conversation_id)

    async def forget_words(self, person: Person, conversation_id: str | None = None) -> int:
        """A conversation was deleted, or all: the KV cache and its snapshots must not hold it
        either; says how many states did. Raises EngineError when something of it is left.
        """
        await self.end_asides(person, conversation_id)
        return await self._generations.forget(person.person_id, conversation_id)

    def release_readers(self) -> None:
        """Close all streams before a stop, without saying that their turns are over."""
        for live in self._live.values():
            live.release_readers()

    async def wait_all(self) -> None:
        """Return when every turn that is open now is over and stored."""
        if tasks := list(self._tasks.values()):
            await asyncio.wait(tasks)

    async def shut_down(self) -> None:
        """Write down how far every turn has come; they go on at the next start."""
        for task in self._tasks.values():
            task.cancel()
        await self.wait_all()

    def _drop(self, turn_id: str) -> None:
        self._live.pop(turn_id, None)
        self._tasks.pop(turn_id, None)

    async def _run(self, person: Person, live: LiveTurn) -> None:
        try:
            live.changed()
            await live.line.come_first()
            async with self._generations.using_model():
                ended = await self._generate(person, live)
            counts = turn_counts(ended, live.ttft_ms)
            await self._finish(live, ended.finish_reason, ended.error, counts)
        except asyncio.CancelledError:
            if live.is_stopping:
                await self._finish(live, FinishReason.CANCELLED)
            else:
                await self.record.pause(live)
                raise
        except AccountClosed:
            # Nobody can read or write it now: it is open still, and goes on when the account is.
            live.release_readers()
        except ApplianceError as error:
            await self._finish(live, FinishReason.ERROR, str(error))
        except Exception:  # the turn runner's border: the reader must see an end
            log.exception("turn failed", turn_id=live.turn.turn_id)
            sentence = "Something went wrong inside the box. Try again; the log has the details."
            await self._finish(live, FinishReason.ERROR, sentence)

    async def _generate(self, person: Person, live: LiveTurn) -> Ended:
        live.phase = TurnPhase.WAITING
        live.changed()
        before = await self.record.reply_before(live)
        prompt = await self._assembler.assemble(person, live.turn, live.text, before)
        model = self._model_profile()
        # A turn that goes on after a restart keeps its seed.
        given = {"seed": live.turn.seed} if live.turn.seed else {}
        sampling = model.sampling_params(max_tokens=prompt.reply_tokens, **given)
        record = {**prompt.record, "model_name": model.name}
        await self.record.begin(live, record, sampling, model.sha256)
        live.line.begin()
        if prompt.reply_tokens == 0:
            # The box stopped after the last word for which there was room.
            counts = SequenceCounts(len(prompt.tokens), 0, 0, 0, None, 0)
            return Ended("", FinishReason.LENGTH, counts)
        checkpoints = asyncio.create_task(self.record.keep_checkpointing(live))
        try:
            async with self._generations.begin(
                person.person_id,
                prompt.tokens,
                sampling,
                Handling(
                    prompt.public_tokens, live.turn.conversation_id, accepted_at=live.accepted_at
                ),
            ) as generation:
                generation.when_ended(partial(self._count, person))
                live.generation = generation
                if live.is_stopping:
                    generation.cancel()
                async for event in generation:
                    if isinstance(event, Ended):
                        return event
                    self._take(live, event)
                    if isinstance(event, Delta) and not live.line.is_left:
                        await self.record.checkpoint(live)
                        live.line.leave()
            raise AssertionError("a generation ends with Ended")
        finally:
            checkpoints.cancel()

    def _take(self, live: LiveTurn, event: Event) -> None:
        match event:
            case Progress():
                live.place = event.place
                live.phase = TurnPhase.READING if event.place is None else TurnPhase.WAITING
                live.prefilled_tokens = event.prefilled_tokens
                live.prompt_tokens = event.prompt_tokens
                live.wait_seconds = event.wait_seconds
            case Delta():
                offset = len(live.text)
                live.text += event.text
                live.phase = TurnPhase.WRITING
                if live.ttft_ms is None:
                    live.ttft_ms = round((monotonic() - live.accepted_at) * 1000)
                self._token_stream.append_soon(live.turn.turn_id, offset, event.text)
        live.changed()

    async def _finish(
        self,
        live: LiveTurn,
        reason: FinishReason,
        error: str | None = None,
        counts: TurnCounts | None = None,
    ) -> None:
        turn, reply = ended_turn(live, reason, error, counts)
        try:
            await self.record.end(live.person_key, turn, reply)
        except NotFound:
            # Its conversation was deleted meanwhile; only open readers are left to be told.
            live.end(replace(turn, status=TurnStatus.CANCELLED))
            return
        except StoreError as store_error:
            log.error("the end of a turn was not stored", turn_id=turn.turn_id)
            live.end(replace(turn, status=TurnStatus.FAILED, error=str(store_error)))
            await self.record.end_when_possible(live.person_key, turn, reply)
            return
        if live.turn.reply_message_id is not None:
            # Continued: wherever the window has this reply, it has less of it.
            await self._window.forget(turn.conversation_id)
        elif reply is not None:
            await self._window.push(turn.conversation_id, turn.input_message_id, reply)
        live.end(turn)
        await self._token_stream.close(turn.turn_id)
        log.info("turn ended", turn_id=turn.turn_id, status=str(turn.status))

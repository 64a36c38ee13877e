"""One step of the engine, as a sentence: admit, next batch, decode, apply.

Joins the pure scheduler with the backend and the clock. Lives on the compute thread alone.
"""

import logging
from itertools import takewhile
from time import monotonic

from appliance.engine.backend import Backend, CacheFull
from appliance.engine.batch import Batch
from appliance.engine.events import Event, Progress
from appliance.engine.guesser import Guesser
from appliance.engine.output import Output
from appliance.engine.prefix_cache import Seat
from appliance.engine.scheduler import Admission, Scheduler
from appliance.engine.self_check import violations
from appliance.engine.sequence import FinishReason, Priority, Sequence, SequenceStatus
from appliance.engine.slots import Held
from appliance.engine.snapshot_keeper import SnapshotKeeper
from appliance.engine.step_budget import StepBudget
from appliance.engine.thread_governor import ThreadGovernor
from appliance.engine.wait_estimate import WaitEstimate
from appliance.errors import QueueFull

log = logging.getLogger(__name__)


class Stepper:
    """Runs the sequences of one backend; what happens to them is collected as events."""

    def __init__(
        self,
        backend: Backend,
        scheduler: Scheduler,
        budget: StepBudget,
        snapshots: SnapshotKeeper,
        governor: ThreadGovernor,
        guesser: Guesser | None = None,
    ) -> None:
        self._backend = backend
        self._scheduler = scheduler
        self._budget = budget
        self._snapshots = snapshots
        self._governor = governor
        self._guesser = guesser or Guesser(None)
        self._outputs: dict[Sequence, Output] = {}
        self._waits = WaitEstimate()
        self._events: list[Event] = []
        self.written_tokens = 0
        """Of all replies so far."""

    @property
    def scheduler(self) -> Scheduler:
        return self._scheduler

    @property
    def threads(self) -> int:
        return self._governor.threads

    @property
    def has_work(self) -> bool:
        return self._scheduler.has_work

    @property
    def only_writes(self) -> bool:
        """Whether the next step is a short one: nobody's prompt is to be read."""
        running = self._scheduler.running
        is_writing = bool(running) and all(sequence.is_decoding for sequence in running)
        return is_writing and not self._scheduler.waiting

    def take_events(self) -> list[Event]:
        """What happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def accept(self, sequence: Sequence, submitted_at: float) -> None:
        """Queue a sequence; when the queue is full it ends at once, with a sentence."""
        self._outputs[sequence] = Output(sequence, submitted_at)
        try:
            self._scheduler.add(sequence)
        except QueueFull as error:
            sequence.finish_reason = FinishReason.ERROR
            self._end(sequence, str(error))

    def cancel(self, sequence_id: str) -> None:
        """End a sequence and free its seat; harmless when it is over."""
        sequence = self._scheduler.cancel(sequence_id)
        if sequence is not None:
            self._end(sequence)

    def forget(self, owner: str, tag: str | None) -> int:
        """Let go of the words of `owner`, or of one tag, that no reply needs just now; says how
        many seats and snapshots held them.
        """
        for sequence in (*self._scheduler.running, *self._scheduler.waiting):
            is_meant = sequence.owner == owner and (tag is None or sequence.tag == tag)
            if is_meant and sequence.priority is Priority.BACKGROUND:
                self.cancel(sequence.sequence_id)
        emptied = self._scheduler.forget(owner, tag)
        for slot in emptied:
            self._backend.keep(slot, 0)
        return len(emptied) + self._snapshots.forget(owner, tag)

    def cancel_all(self) -> None:
        for sequence in (*self._scheduler.running, *self._scheduler.waiting):
            self.cancel(sequence.sequence_id)

    def look_up_snapshots(self) -> None:
        """Take in what has been read from the disk, and ask for what those who are next need."""
        self._snapshots.look_up(self._scheduler.queue())

    def save_idle(self, now: float) -> float | None:
        """Between steps: write a seat down that was long unused; seconds until the next one is."""
        return self._snapshots.save_idle(now)

    def save_all(self) -> None:
        """Before a stop: write down what the seats hold."""
        self._snapshots.save_all()

    def step(self) -> None:
        """Bring everybody one step on."""
        self.look_up_snapshots()
        self._admit()
        decoding = sum(1 for sequence in self._scheduler.running if sequence.is_decoding)
        prefill_tokens = self._budget.prefill_tokens(decoding)
        guesses = self._guesser.guess(self._scheduler.guessable(prefill_tokens), decoding)
        batch = self._scheduler.next_batch(prefill_tokens, guesses)
        self._give_up(batch.evicted)
        if batch.rows:
            self._compute(batch)
        self._report_progress()

    def recover(self) -> None:
        """After a step that failed: end those who ran, empty the cache, let the others go on."""
        for sequence in list(self._scheduler.running):
            sequence.finish_reason = FinishReason.ERROR
            self._scheduler.end(sequence, SequenceStatus.FAILED)
            self._end(sequence, "The model stopped in the middle of this reply. Try again.")
        self._empty_cache()

    def check(self) -> list[str]:
        """What does not add up while there is nothing to do; then all begins anew, with empty
        seats.
        """
        found = violations(self._scheduler, self._outputs, self._backend.held_tokens)
        found += self._guesser.violations(self._outputs)
        if found:
            log.error("the KV cache does not add up, so it is emptied: %s", "; ".join(found))
            for sequence in set(self._outputs).difference(self._scheduler.waiting):
                sequence.status, sequence.slot = SequenceStatus.FAILED, None
                sequence.finish_reason = FinishReason.ERROR
                self._end(sequence, "The box lost track of this reply. Try again.")
            self._backend.reset()
            self._guesser.reset()
            self._scheduler.slots.clear()
        return found

    def _admit(self) -> None:
        for admission in self._scheduler.admit():
            if admission.lost is not None:
                self._snapshots.save(admission.lost)
            self._give_up(admission.evicted)
            self._give_beginning(admission, self._snapshots.loaded_for(admission.sequence))
            self._backend.begin(admission.sequence)
            self._outputs[admission.sequence].admitted(monotonic())

    def _give_beginning(self, admission: Admission, state: bytes | None) -> None:
        """Put into a seat what was promised: from the disk, from another seat, or its own."""
        seat = admission.seat
        if state is not None and seat.restored:
            if self._backend.restore(seat.slot, state, seat.restored):
                self._scheduler.restore(admission, self._joined(seat))
                return
            if seat.source is seat.slot:  # nothing is left of what it held
                self._scheduler.seat(admission, 0)
                return
        count = min(seat.count, seat.source.cells.count)  # room may have been made of the source
        if seat.source is seat.slot:
            self._scheduler.seat(admission, self._backend.keep(seat.slot, count))
        else:
            self._scheduler.seat(admission, self._backend.share(seat.source, seat.slot, count))

    def _joined(self, seat: Seat) -> int:
        """How much of what was restored another seat holds too, and now together with it."""
        if seat.source is seat.slot:
            return 0
        count = min(seat.count, seat.source.cells.count)
        return count if count and self._backend.join(seat.source, seat.slot, count) else 0

    def _give_up(self, evicted: list[Held]) -> None:
        for held in evicted:
            self._snapshots.save(held)
        for held in evicted:
            self._backend.keep(held.slot, 0)

    def _compute(self, batch: Batch) -> None:
        began, decode_rows = monotonic(), batch.decode_rows
        prefill_tokens = batch.token_count - decode_rows  # a draft is read like a prompt
        try:
            sampled = self._backend.decode(batch)
        except CacheFull:
            # Our count of cells and llama.cpp's differ (a model with a memory of its own): begin
            # anew with empty seats, which always fits.
            log.warning("the KV cache was full before its time; every prompt is read again")
            self._empty_cache()
            return
        now = monotonic()
        if prefill_tokens > batch.drafted_tokens or not batch.drafted_tokens:
            self._budget.observe(prefill_tokens, decode_rows, now - began)
        self._guesser.observe(batch, sum(map(len, sampled.values())), now - began)
        if (threads := self._governor.after_step(now)) is not None:
            self._backend.set_threads(threads)
        ended = self._scheduler.apply(batch, sampled, self._backend.is_end)
        for sequence, tokens in sampled.items():
            self.written_tokens += len(tokens)
            output = self._outputs[sequence]
            # A draft that quotes the prompt may be right beyond the end of the reply.
            said = takewhile(lambda token: not self._backend.is_end(token), tokens)
            pieces = map(self._backend.token_bytes, said)
            self._events += output.push(pieces if sequence.completion_tokens else (), now)
            if output.is_stopped and not sequence.is_over:
                sequence.finish_reason = FinishReason.STOP
                self._scheduler.end(sequence, SequenceStatus.FINISHED)
                ended.append(sequence)
        for sequence in ended:
            self._waits.ended(sequence.completion_tokens)
            self._end(sequence)

    def _report_progress(self) -> None:
        running, queue = self._scheduler.running, self._scheduler.queue()
        waits = self._waits.seconds(running, queue, self._budget, self._scheduler.running_limit)
        for place, sequence in enumerate([*running, *queue], start=1 - len(running)):
            if sequence.completion_tokens == 0:
                self._events.append(
                    Progress(
                        sequence.sequence_id,
                        place if place > 0 else None,
                        sequence.computed,
                        sequence.prompt_tokens,
                        waits.get(sequence),
                    )
                )

    def _end(self, sequence: Sequence, error: str | None = None) -> None:
        self._backend.end(sequence)
        self._snapshots.drop(sequence)
        self._guesser.forget(sequence)
        self._events += self._outputs.pop(sequence).finish(error)

    def _empty_cache(self) -> None:
        self._backend.reset()
        self._guesser.reset()
        self._scheduler.forget_all()

"""One step of the engine, as a sentence: admit, next batch, decode, apply.

Joins the pure scheduler with the backend and the clock. Lives on the compute thread alone.
"""

import logging
from time import monotonic

from appliance.engine.backend import Backend, CacheFull
from appliance.engine.batch import Batch
from appliance.engine.events import Event, Progress
from appliance.engine.output import Output
from appliance.engine.scheduler import Scheduler
from appliance.engine.self_check import violations
from appliance.engine.sequence import FinishReason, Sequence, SequenceStatus
from appliance.engine.step_budget import StepBudget
from appliance.errors import QueueFull

log = logging.getLogger(__name__)


class Stepper:
    """Runs the sequences of one backend; what happens to them is collected as events."""

    def __init__(self, backend: Backend, scheduler: Scheduler, budget: StepBudget) -> None:
        self._backend = backend
        self._scheduler = scheduler
        self._budget = budget
        self._outputs: dict[Sequence, Output] = {}
        self._events: list[Event] = []

    @property
    def scheduler(self) -> Scheduler:
        return self._scheduler

    @property
    def has_work(self) -> bool:
        return self._scheduler.has_work

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

    def forget(self, owner: str) -> None:
        """Empty the idle seats that hold words of `owner`."""
        for slot in self._scheduler.forget_owner(owner):
            self._backend.keep(slot, 0)

    def cancel_all(self) -> None:
        for sequence in (*self._scheduler.running, *self._scheduler.waiting):
            self.cancel(sequence.sequence_id)

    def step(self) -> None:
        """Bring everybody one step on."""
        self._admit()
        decoding = sum(1 for sequence in self._scheduler.running if sequence.is_decoding)
        batch = self._scheduler.next_batch(self._budget.prefill_tokens(decoding))
        for slot in batch.evicted:
            self._backend.keep(slot, 0)
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
        if found:
            log.error("the KV cache does not add up, so it is emptied: %s", "; ".join(found))
            for sequence in list(self._outputs):
                sequence.status, sequence.slot = SequenceStatus.FAILED, None
                sequence.finish_reason = FinishReason.ERROR
                self._end(sequence, "The box lost track of this reply. Try again.")
            self._backend.reset()
            self._scheduler.slots.clear()
        return found

    def _admit(self) -> None:
        for admission in self._scheduler.admit():
            seat = admission.seat
            if seat.source is seat.slot:
                kept = self._backend.keep(seat.slot, seat.count)
            else:
                kept = self._backend.share(seat.source, seat.slot, seat.count)
            self._scheduler.seat(admission, kept)
            self._backend.begin(admission.sequence)
            self._outputs[admission.sequence].admitted(monotonic())

    def _compute(self, batch: Batch) -> None:
        began, decode_rows = monotonic(), batch.decode_rows
        try:
            sampled = self._backend.decode(batch)
        except CacheFull:
            # Our count of cells and llama.cpp's differ (a model with a memory of its own): begin
            # anew with empty seats, which always fits.
            log.warning("the KV cache was full before its time; every prompt is read again")
            self._empty_cache()
            return
        now = monotonic()
        self._budget.observe(batch.token_count - decode_rows, decode_rows, now - began)
        ended = self._scheduler.apply(batch, sampled, self._backend.is_end)
        for sequence, token in sampled.items():
            is_text = sequence.finish_reason is not FinishReason.STOP
            piece = self._backend.token_bytes(token) if is_text else b""
            output = self._outputs[sequence]
            self._events += output.push(piece, now)
            if output.is_stopped and not sequence.is_over:
                sequence.finish_reason = FinishReason.STOP
                self._scheduler.end(sequence, SequenceStatus.FINISHED)
                ended.append(sequence)
        for sequence in ended:
            self._end(sequence)

    def _report_progress(self) -> None:
        for sequence in self._scheduler.running:
            if sequence.completion_tokens == 0:
                self._events.append(
                    Progress(sequence.sequence_id, None, sequence.computed, sequence.prompt_tokens)
                )
        for place, sequence in enumerate(self._scheduler.queue(), start=1):
            self._events.append(Progress(sequence.sequence_id, place, 0, sequence.prompt_tokens))

    def _end(self, sequence: Sequence, error: str | None = None) -> None:
        self._backend.end(sequence)
        self._events += self._outputs.pop(sequence).finish(error)

    def _empty_cache(self) -> None:
        self._backend.reset()
        self._scheduler.forget_all()

"""Who runs next. Pure: no model, no clock, no input or output.

The life of a step: `admit` seats waiting sequences, `next_batch` says which tokens go through the
model, the caller runs it, `apply` takes the sampled tokens. Invariants: a running sequence has a
seat and no seat has two; the seats never hold more tokens than there are KV cells; whoever decodes
is in every batch.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from appliance.engine.batch import Batch, Row
from appliance.engine.prefix_cache import Seat, choose_seat, is_being_read
from appliance.engine.sequence import FinishReason, Sequence, SequenceStatus
from appliance.engine.slots import Slot, SlotPool
from appliance.errors import QueueFull

# Prompts are read in turns of this size, so that a short one beside a long one is not kept waiting.
_QUANTUM_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Admission:
    """`sequence` takes its seat if the backend can give it the beginning that the seat promises."""

    sequence: Sequence
    seat: Seat


class Scheduler:
    """Waiting and running sequences, and the seats they share."""

    def __init__(
        self, slot_count: int, *, kv_tokens: int, context_tokens: int, waiting_limit: int
    ) -> None:
        self.slots = SlotPool(slot_count)
        self.waiting: list[Sequence] = []
        self.running: list[Sequence] = []
        self._kv_tokens = kv_tokens
        self._context_tokens = min(context_tokens, kv_tokens)
        self._waiting_limit = waiting_limit
        self._rotation = 0

    @property
    def kv_tokens(self) -> int:
        """Cells of the KV cache, used or free."""
        return self._kv_tokens

    @property
    def has_work(self) -> bool:
        return bool(self.waiting or self.running)

    def add(self, sequence: Sequence) -> None:
        """Put a sequence in the queue. Raises QueueFull."""
        if len(self.waiting) >= self._waiting_limit:
            raise QueueFull(
                f"{len(self.waiting)} questions are waiting already. Try again in a minute."
            )
        self.waiting.append(sequence)

    def queue(self) -> list[Sequence]:
        """The waiting ones in the order in which they will be admitted: fewest running of one's own
        first.
        """
        taken = Counter(sequence.owner for sequence in self.running)
        order: list[tuple[int, int, Sequence]] = []
        for arrival, sequence in enumerate(self.waiting):
            order.append((taken[sequence.owner], arrival, sequence))
            taken[sequence.owner] += 1
        return [sequence for *_, sequence in sorted(order, key=lambda entry: entry[:2])]

    def admit(self) -> Iterator[Admission]:
        """Seat waiting sequences while there are seats and KV cells for their prompts.

        After each, the caller says with `seat` how much of the promised beginning is there. One
        whose beginning somebody else is just reading waits for it, without holding up the others.
        """
        for sequence in self.queue():
            seat = choose_seat(self.slots, sequence)
            if seat is None:
                return
            if is_being_read(self.running, sequence, seat.count):
                continue
            if self._cells_after(sequence, seat) > self._kv_tokens:
                return
            self.waiting.remove(sequence)
            self.running.append(sequence)
            self.slots.take(seat.slot, sequence)
            sequence.status = SequenceStatus.RUNNING
            yield Admission(sequence, seat)

    def seat(self, admission: Admission, kept: int) -> None:
        """Take note of what the backend could give: `kept` is what was promised, or 0."""
        seat, sequence = admission.seat, admission.sequence
        if seat.source is seat.slot or kept == 0:
            self.slots.keep(seat.slot, kept)
        else:
            self.slots.share(seat.source, seat.slot, kept)
        sequence.computed = kept
        sequence.cached_tokens = kept

    def next_batch(self, prefill_tokens: int) -> Batch:
        """Everyone who decodes, then at most `prefill_tokens` of prompts, shared by people."""
        batch = Batch()
        decoding = [sequence for sequence in self.running if sequence.is_decoding]
        batch.evicted += self._make_room(len(decoding))
        for sequence in decoding:
            if sequence.status is SequenceStatus.RUNNING:
                batch.rows.append(Row(sequence, sequence.computed, 1))
        for sequence, count in self._share(prefill_tokens).items():
            count = min(count, self._room() - batch.token_count + self._idle_tokens())
            if count > 0:
                batch.evicted += self._make_room(batch.token_count + count)
                batch.rows.append(Row(sequence, sequence.computed, count))
        self._rotation += 1
        return batch

    def apply(
        self, batch: Batch, sampled: Mapping[Sequence, int], is_end: Callable[[int], bool]
    ) -> list[Sequence]:
        """Take the results of a batch; returns the sequences that it ended."""
        ended = []
        for row in batch.rows:
            sequence = row.sequence
            row.slot.cells.append(row.tokens)
            sequence.computed += row.count
            if not row.wants_logits:
                continue
            token = sampled[sequence]
            if is_end(token):
                sequence.finish_reason = FinishReason.STOP
            else:
                sequence.tokens.append(token)
                if (
                    sequence.completion_tokens >= sequence.sampling.max_tokens
                    or len(sequence.tokens) >= self._context_tokens
                ):
                    sequence.finish_reason = FinishReason.LENGTH
            if sequence.is_over:
                ended.append(sequence)
        for sequence in ended:
            self.end(sequence, SequenceStatus.FINISHED)
        return ended

    def cancel(self, sequence_id: str) -> Sequence | None:
        """End a sequence now and free its seat; None when it is over already."""
        for sequence in (*self.running, *self.waiting):
            if sequence.sequence_id == sequence_id:
                sequence.finish_reason = FinishReason.CANCELLED
                self.end(sequence, SequenceStatus.CANCELLED)
                return sequence
        return None

    def end(self, sequence: Sequence, status: SequenceStatus) -> None:
        """Take a sequence out of the queue or off its seat."""
        sequence.status = status
        if sequence in self.running:
            self.running.remove(sequence)
        elif sequence in self.waiting:
            self.waiting.remove(sequence)
        self.slots.release(sequence)

    def forget_owner(self, owner: str) -> list[Slot]:
        """Empty the idle seats of `owner`; returns them."""
        emptied = [slot for slot in self.slots.idle() if slot.owner == owner]
        for slot in emptied:
            self.slots.forget(slot)
        return emptied

    def forget_all(self) -> None:
        """After the KV cache was lost: no seat holds anything, and everybody starts anew."""
        for sequence in list(self.running):
            self._send_back(sequence)
        for slot in self.slots:
            self.slots.forget(slot)

    def _share(self, prefill_tokens: int) -> dict[Sequence, int]:
        """Split `prefill_tokens` between people in small turns; one's own prompts follow each
        other.
        """
        queues: dict[str, list[Sequence]] = {}
        for sequence in self.running:
            if sequence.pending and not sequence.is_decoding:
                queues.setdefault(sequence.owner, []).append(sequence)
        owners = list(queues)
        shares: dict[Sequence, int] = {}
        turn = self._rotation
        while prefill_tokens > 0 and owners:
            owner = owners[turn % len(owners)]
            sequence = queues[owner][0]
            left = sequence.pending - shares.get(sequence, 0)
            count = min(_QUANTUM_TOKENS, left, prefill_tokens)
            shares[sequence] = shares.get(sequence, 0) + count
            prefill_tokens -= count
            turn += 1
            if count == left:
                queues[owner].pop(0)
                if not queues[owner]:
                    owners.remove(owner)
        return shares

    def _room(self) -> int:
        return self._kv_tokens - self.slots.cells.used

    def _idle_tokens(self) -> int:
        """Cells that would be free if every idle seat were emptied."""
        return self.slots.cells.used - self._busy_cells()

    def _busy_cells(self) -> int:
        """Cells that running sequences hold; what several hold counts once."""
        held = {
            id(run): len(run.tokens)
            for slot in self.slots
            if not slot.is_free
            for run in slot.cells.runs
        }
        return sum(held.values())

    def _cells_after(self, sequence: Sequence, seat: Seat) -> int:
        """Cells that are busy when everybody who runs, and `sequence`, has read a whole prompt."""
        promised = sum(running.pending for running in self.running)
        shared = 0 if seat.source.is_free else seat.count
        return self._busy_cells() + promised + len(sequence.tokens) - shared + 1

    def _make_room(self, count: int) -> list[Slot]:
        """Empty idle seats, then send back the newest sequence, until `count` more tokens fit."""
        emptied = []
        while self._room() < count:
            idle = self.slots.idle()
            if idle:
                slot = idle[0]
            else:
                newest = self.running[-1]
                assert len(self.running) > 1, "one sequence alone always fits"
                assert newest.slot is not None
                slot = newest.slot
                self._send_back(newest)
            self.slots.forget(slot)
            emptied.append(slot)
        return emptied

    def _send_back(self, sequence: Sequence) -> None:
        self.running.remove(sequence)
        self.slots.release(sequence)
        sequence.status = SequenceStatus.WAITING
        sequence.computed = 0
        self.waiting.insert(0, sequence)

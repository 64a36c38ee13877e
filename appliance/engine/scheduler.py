"""Who runs next. Pure: no model, no clock, no input or output.

The life of a step: `admit` seats waiting sequences, `next_batch` says which tokens go through the
model, the caller runs it, `apply` takes the sampled tokens. Invariants: a running sequence has a
seat and no seat has two; the seats never hold more tokens than there are KV cells; whoever decodes
is in every batch; background work never keeps a person waiting.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Tokens
from dataclasses import dataclass, replace

from appliance.engine.batch import Batch, Row
from appliance.engine.draft_limits import draft_limits
from appliance.engine.kv_room import KvRoom
from appliance.engine.prefill_shares import share_prefill
from appliance.engine.prefix_cache import Seat, choose_seat, who_reads
from appliance.engine.queue_order import in_order
from appliance.engine.sequence import FinishReason, Priority, Sequence, SequenceStatus
from appliance.engine.slots import Held, Slot, SlotPool
from appliance.errors import QueueFull
from appliance.sentences import say

# Beside somebody's growing reply, background work reads so little, and in one of so many steps.
_BACKGROUND_TOKENS, _BACKGROUND_STEPS = 16, 4
_NO_GUESSES: Mapping[Sequence, Tokens[int]] = {}


@dataclass(frozen=True, slots=True)
class SchedulerLimits:
    """`seats` hold prefixes, at most `running` of them people's replies at the same time."""

    seats: int
    running: int
    kv_tokens: int
    context_tokens: int
    waiting: int
    may_draft: bool = False
    """Whether the model's memory can drop the last tokens again when a draft was wrong."""


@dataclass(frozen=True, slots=True)
class Admission:
    """`sequence` takes its seat if the backend can give it the beginning that the seat promises.

    `evicted` seats are emptied before, and `lost` is what its own seat held until now.
    """

    sequence: Sequence
    seat: Seat
    evicted: list[Held]
    lost: Held | None


class Scheduler:
    """Waiting and running sequences, and the seats they share."""

    def __init__(self, limits: SchedulerLimits) -> None:
        self.slots = SlotPool(limits.seats)
        self.waiting: list[Sequence] = []
        self.running: list[Sequence] = []
        self.room = KvRoom(self.slots, limits.kv_tokens)
        self._limits = limits
        self._context_tokens = min(limits.context_tokens, limits.kv_tokens)
        self._rotation = 0
        self._last_seated: dict[str, int] = {}
        """In which order those who are here had their latest turn: higher is later."""

    @property
    def running_limit(self) -> int:
        return self._limits.running

    @property
    def has_work(self) -> bool:
        return bool(self.running) or any(not sequence.is_loading for sequence in self.waiting)

    def add(self, sequence: Sequence) -> None:
        """Put a sequence in the queue. Raises QueueFull."""
        if len(self.waiting) >= self._limits.waiting:
            raise QueueFull(
                say(
                    "%(count)s questions are waiting already. Try again in a minute.",
                    count=len(self.waiting),
                )
            )
        self.waiting.append(sequence)

    def queue(self) -> list[Sequence]:
        """The waiting ones in the order in which they will be admitted."""
        return in_order(self.waiting, self.running, self._last_seated)

    def admit(self) -> Iterator[Admission]:
        """Seat waiting sequences while there are seats and KV cells for their prompts.

        After each, the caller says with `seat` how much of the promised beginning is there. One
        whose beginning somebody else is just reading waits for it, without holding up the others.
        """
        for sequence in self.queue():
            if sequence.is_loading:
                continue
            seat = choose_seat(self.slots, sequence)
            if seat is None or self._is_full_for(sequence):
                return
            reader = who_reads(self.running, sequence, max(seat.count, seat.restored))
            if reader is not None:
                if sequence.priority is Priority.NORMAL:
                    reader.priority = Priority.NORMAL  # a person waits for it now
                continue
            if not self._make_it_fit(sequence, seat):
                return
            yield self._admission(sequence, seat)

    def seat(self, admission: Admission, kept: int) -> None:
        """Take note of what the backend could give: `kept` is what was promised, or 0."""
        seat, sequence = admission.seat, admission.sequence
        if seat.source is seat.slot or kept == 0:
            self.slots.keep(seat.slot, kept)
        else:
            self.slots.share(seat.source, seat.slot, kept)
        self._has_read(sequence, kept)

    def restore(self, admission: Admission, joined: int) -> None:
        """Take note that the backend has put the promised snapshot into the seat, its first
        `joined` tokens in the same cells as the seat's source.
        """
        sequence, seat = admission.sequence, admission.seat
        self.slots.restore(seat.slot, sequence.tokens[: seat.restored])
        if joined:
            self.slots.join(seat.source, seat.slot, joined)
        self._has_read(sequence, seat.restored)

    def guessable(self, prefill_tokens: int) -> dict[Sequence, int]:
        """Who may be guessed ahead by a draft model, and how far: people's replies for which their
        own text suggests nothing. `prefill_tokens` is what the next batch may take in.
        """
        return {
            sequence: limit
            for sequence, limit in self._draft_limits(prefill_tokens).items()
            if limit > 0
            and sequence.priority is Priority.NORMAL
            and not sequence.lookup.draft(sequence.tokens, limit)
        }

    def next_batch(
        self, prefill_tokens: int, guesses: Mapping[Sequence, Tokens[int]] = _NO_GUESSES
    ) -> Batch:
        """Everyone who decodes; beside them at most `prefill_tokens` of drafts and of prompts,
        which people share.

        `guesses` are drafts for those whom `guessable` named since the last batch.
        """
        batch = Batch()
        decoding = [sequence for sequence in self.running if sequence.is_decoding]
        drafts = self._drafts(guesses, prefill_tokens)
        batch.evicted += self._make_room(len(decoding) + sum(map(len, drafts.values())))
        for sequence in decoding:
            if sequence.status is SequenceStatus.RUNNING:
                draft = tuple(drafts.get(sequence, ()))
                is_guessed = bool(draft) and sequence in guesses
                batch.rows.append(Row(sequence, sequence.computed, 1, draft, is_guessed))
        if self.running and not batch.rows:
            # A model that did not share what was promised may have left no cell for anybody.
            batch.evicted += self._make_room(1)
        prefill_tokens -= batch.drafted_tokens
        background_tokens = self._background_tokens(decoding, prefill_tokens)
        shares = share_prefill(self.running, prefill_tokens, background_tokens, self._rotation)
        for sequence, share in shares.items():
            count = min(share, self.room.available - batch.token_count)
            if count > 0:
                batch.evicted += self._make_room(batch.token_count + count)
                batch.rows.append(Row(sequence, sequence.computed, count))
        self._rotation += 1
        return batch

    def apply(
        self,
        batch: Batch,
        sampled: Mapping[Sequence, Tokens[int]],
        is_end: Callable[[int], bool],
    ) -> list[Sequence]:
        """Take the results of a batch; returns the sequences that it ended.

        More than one token of a sequence was sampled when that much of its draft was right.
        """
        ended = []
        for row in batch.rows:
            sequence = row.sequence
            tokens = sampled[sequence] if row.wants_logits else ()
            accepted = max(0, len(tokens) - 1)
            row.slot.cells.append(row.tokens[: row.count + accepted])
            sequence.computed += row.count + accepted
            if row.draft:
                sequence.drafted_tokens += len(row.draft)
                sequence.accepted_tokens += accepted
                source = sequence.guessing if row.is_guessed else sequence.lookup
                source.verified(len(row.draft), accepted)
            for token in tokens:
                self._take(sequence, token, is_end)
                if sequence.is_over:
                    ended.append(sequence)
                    break
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

    def forget(self, owner: str, tag: str | None = None) -> list[Slot]:
        """Empty the idle seats of `owner`, or those of one tag; returns them."""
        emptied = [
            slot
            for slot in self.slots.idle()
            if slot.owner == owner and (tag is None or slot.tag == tag)
        ]
        for slot in emptied:
            self.slots.forget(slot)
        return emptied

    def forget_all(self) -> None:
        """After the KV cache was lost: no seat holds anything, and everybody starts anew."""
        for sequence in list(self.running):
            self._send_back(sequence)
        for slot in self.slots:
            self.slots.forget(slot)

    def _is_full_for(self, sequence: Sequence) -> bool:
        """People have a limit together; in the background runs one at a time."""
        same = sum(1 for running in self.running if running.priority is sequence.priority)
        return same >= (self._limits.running if sequence.priority is Priority.NORMAL else 1)

    def _make_it_fit(self, sequence: Sequence, seat: Seat) -> bool:
        """Whether there are cells for a prompt; for a person, background work makes way."""
        while True:
            shared = 0 if seat.source.is_free else seat.count
            if self.room.fits(sequence, shared, self.running):
                return True
            background = [seq for seq in self.running if seq.priority is Priority.BACKGROUND]
            if not background or sequence.priority is Priority.BACKGROUND:
                return False
            self._send_back(background[-1])

    def _admission(self, sequence: Sequence, seat: Seat) -> Admission:
        if seat.restored > self.room.available:
            # What comes from the disk needs cells of its own before it can be joined with a seat
            # that holds the same; without them, what that seat holds has to do.
            seat = replace(seat, restored=0)
        lost = self.slots.held(seat.slot) if seat.slot.cells.count > seat.count else None
        self.waiting.remove(sequence)
        self.running.append(sequence)
        if sequence.priority is Priority.NORMAL:
            self._note_turn(sequence.owner)
        self.slots.take(seat.slot, sequence)
        sequence.status = SequenceStatus.RUNNING
        if seat.restored or seat.slot is not seat.source:
            self.slots.forget(seat.slot)
        return Admission(sequence, seat, self._make_room(seat.restored), lost)

    def _note_turn(self, owner: str) -> None:
        """Nobody who has left is remembered."""
        here = {sequence.owner for sequence in (*self.running, *self.waiting)}
        turns = {who: turn for who, turn in self._last_seated.items() if who in here}
        self._last_seated = {**turns, owner: max(turns.values(), default=0) + 1}

    def _has_read(self, sequence: Sequence, count: int) -> None:
        sequence.computed = sequence.cached_tokens = count
        sequence.restorable_tokens = 0  # what came from the disk is there, or will not be

    def _take(self, sequence: Sequence, token: int, is_end: Callable[[int], bool]) -> None:
        """One more sampled token."""
        if sequence.sampling.max_tokens == 0:
            sequence.finish_reason = FinishReason.LENGTH  # it was only to be read
        elif is_end(token):
            sequence.finish_reason = FinishReason.STOP
        else:
            sequence.tokens.append(token)
            is_long = sequence.completion_tokens >= sequence.sampling.max_tokens
            if is_long or len(sequence.tokens) >= self._context_tokens:
                sequence.finish_reason = FinishReason.LENGTH

    def _drafts(
        self, guesses: Mapping[Sequence, Tokens[int]], step_tokens: int
    ) -> dict[Sequence, Tokens[int]]:
        """What may follow each reply: what its own text suggests, or else what was guessed."""
        return {
            sequence: guesses[sequence][:limit]
            if sequence in guesses
            else sequence.lookup.draft(sequence.tokens, limit)
            for sequence, limit in self._draft_limits(step_tokens).items()
        }

    def _draft_limits(self, step_tokens: int) -> dict[Sequence, int]:
        if not self._limits.may_draft:
            return {}
        return draft_limits(self.running, step_tokens, self.room.available, self._context_tokens)

    def _background_tokens(self, decoding: list[Sequence], prefill_tokens: int) -> int:
        if not any(sequence.priority is Priority.NORMAL for sequence in decoding):
            return prefill_tokens
        return 0 if self._rotation % _BACKGROUND_STEPS else _BACKGROUND_TOKENS

    def _make_room(self, count: int) -> list[Held]:
        """Empty idle seats, then send back background work and the newest sequence, until `count`
        more tokens fit.
        """
        emptied = []
        while self.room.free < count:
            idle = self.slots.idle()
            slot = idle[0] if idle else self._seat_to_give_up()
            if slot.cells.count:  # the newest may not have begun to read
                emptied.append(self.slots.held(slot))
            self.slots.forget(slot)
        return emptied

    def _seat_to_give_up(self) -> Slot:
        assert len(self.running) > 1, "one sequence alone always fits"
        background = [seq for seq in self.running if seq.priority is Priority.BACKGROUND]
        newest = (background or self.running)[-1]
        slot = newest.slot
        assert slot is not None
        self._send_back(newest)
        return slot

    def _send_back(self, sequence: Sequence) -> None:
        self.running.remove(sequence)
        self.slots.release(sequence)
        sequence.status = SequenceStatus.WAITING
        sequence.computed = 0
        self.waiting.insert(0, sequence)

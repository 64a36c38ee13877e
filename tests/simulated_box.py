"""A box in simulated seconds: the real stepper, scheduler and budget on a machine of arithmetic.

Nothing waits: a step moves the clock on by what the machine says it costs. So hours of a crowd pass
in a blink, and how long somebody waited is exact.
"""

import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from appliance.engine.backend import Vocabulary
from appliance.engine.batch import Batch, Row
from appliance.engine.scheduler import Scheduler, SchedulerLimits
from appliance.engine.sequence import Priority, Sequence, SequenceStatus
from appliance.engine.slots import Slot
from appliance.engine.snapshot_keeper import SnapshotKeeper
from appliance.engine.step_budget import StepBudget
from appliance.engine.stepper import Stepper
from appliance.engine.thread_governor import ThreadGovernor

TARGET_SECONDS = 0.2
BATCH_TOKENS = 512
_ENDLESS_STEPS = 100_000


@dataclass(frozen=True)
class Machine:
    """A step costs `step_seconds`, and more for each token that is read and each row that decodes.

    From `slow_from` on, and for `slow_seconds`, all takes `slow_factor` times as long; any step may
    take up to `noise` of itself longer.
    """

    tokens_per_second: float = 300.0
    step_seconds: float = 0.005
    row_seconds: float = 0.004
    noise: float = 0.0
    slow_from: float = float("inf")
    slow_seconds: float = float("inf")
    slow_factor: float = 1.0

    def factor(self, now: float) -> float:
        is_slow = self.slow_from <= now < self.slow_from + self.slow_seconds
        return self.slow_factor if is_slow else 1.0

    def decode_seconds(self, rows: int) -> float:
        return self.step_seconds + rows * self.row_seconds

    def seconds(self, read_tokens: int, rows: int) -> float:
        return self.decode_seconds(rows) + read_tokens / self.tokens_per_second


@dataclass(eq=False, repr=False)
class Visit:
    """One prompt that comes in at a time, and what became of it."""

    at: float
    sequence: Sequence
    copies: bool = False
    """Its reply repeats its prompt, so that drafts are right."""
    cancel_at: float = float("inf")
    seats_at: list[float] = field(default_factory=list)
    """When it was seated: once, and once more each time it was sent back."""
    read_tokens: int = 0
    """Of its prompt, and again of what was lost when it was sent back."""
    tokens_at: list[float] = field(default_factory=list)
    """When each step ended that brought it tokens."""
    ended_at: float | None = None

    def __repr__(self) -> str:
        """What a failing test shows: thousands of tokens say nothing."""
        seq = self.sequence
        return (
            f"Visit(at={self.at}, {seq.sequence_id}, {seq.priority}, {seq.prompt_tokens} tokens, "
            f"reply={seq.sampling.max_tokens}, copies={self.copies}, cancel_at={self.cancel_at})"
        )

    @property
    def is_persons(self) -> bool:
        return self.sequence.priority is Priority.NORMAL

    def is_reading(self, at: float) -> bool:
        """Whether it is seated and its prompt is not read yet."""
        is_seated = bool(self.seats_at) and self.seats_at[0] < at
        return is_seated and not (self.tokens_at and self.tokens_at[0] <= at)

    @property
    def first_token_seconds(self) -> float:
        return self.tokens_at[0] - self.at


@dataclass(frozen=True)
class Step:
    """What one step did and cost; `read` are prompt tokens by visit."""

    began: float
    seconds: float
    read: Mapping[Visit, int]
    decoding: tuple[Visit, ...]
    drafted_tokens: int

    @property
    def ended(self) -> float:
        return self.began + self.seconds

    @property
    def read_tokens(self) -> int:
        return sum(self.read.values())


class SimulatedBox:
    """Runs visits to their end. Also the backend of its own stepper."""

    fingerprint = "simulated"

    def __init__(
        self,
        machine: Machine,
        *,
        slots: int = 16,
        kv_tokens: int = 200_000,
        may_draft: bool = True,
        seed: int = 0,
    ) -> None:
        self.machine = machine
        self.vocabulary = Vocabulary(kv_tokens, "")
        self.can_drop = may_draft
        self.now = 1000.0
        self.steps: list[Step] = []
        self._random = random.Random(seed)
        self._held: dict[int, int] = {}
        self._visits: dict[Sequence, Visit] = {}
        self.scheduler = Scheduler(
            SchedulerLimits(
                seats=4 * slots,
                running=slots,
                kv_tokens=kv_tokens,
                context_tokens=kv_tokens,
                waiting=10_000,
                may_draft=may_draft,
            )
        )
        self.stepper = Stepper(
            self,
            self.scheduler,
            StepBudget(TARGET_SECONDS, BATCH_TOKENS),
            SnapshotKeeper(None, self, self.scheduler.slots, lambda: None),
            ThreadGovernor(1, 1, lambda: 0.0),
        )

    def run(self, visits: Iterable[Visit]) -> "SimulatedBox":
        """Let all come, and step until everybody is gone."""
        coming = sorted(visits, key=lambda visit: visit.at)
        start = self.now
        for visit in coming:
            visit.at += start
            visit.cancel_at += start
        with self._clock():
            for _ in range(_ENDLESS_STEPS):
                coming = self._let_in(coming)
                if self.stepper.has_work:
                    self._step()
                elif coming:
                    self.now = max(self.now, coming[0].at)
                else:
                    return self
        raise AssertionError("somebody waits for ever")

    def _step(self) -> None:
        """In a cache that is too small somebody has to give up a seat, but never who came first:
        else nobody might get on.
        """
        people = [seq for seq in self.scheduler.running if seq.priority is Priority.NORMAL]
        self.stepper.step()
        assert not people or people[0].status is not SequenceStatus.WAITING

    @contextmanager
    def _clock(self) -> Iterator[None]:
        with (
            patch("appliance.engine.stepper.monotonic", lambda: self.now),
            patch("appliance.engine.output.monotonic", lambda: self.now),
        ):
            yield

    def _let_in(self, coming: list[Visit]) -> list[Visit]:
        for visit in coming:
            if visit.at <= self.now:
                self._visits[visit.sequence] = visit
                self.stepper.accept(visit.sequence, visit.at)
        for visit in list(self._visits.values()):
            if visit.ended_at is None and visit.cancel_at <= self.now:
                self.stepper.cancel(visit.sequence.sequence_id)
        return [visit for visit in coming if visit.at > self.now]

    # Below: what the stepper asks of a backend.

    def decode(self, batch: Batch) -> Mapping[Sequence, list[int]]:
        assert batch.token_count <= BATCH_TOKENS, "more than llama.cpp takes in at once"
        read: dict[Visit, int] = {}
        decoding = []
        for row in batch.rows:
            visit = self._visits[row.sequence]
            if row.sequence.is_decoding:
                decoding.append(visit)
            else:
                read[visit] = row.count
                visit.read_tokens += row.count
        began, drafted = self.now, batch.drafted_tokens
        seconds = self.machine.seconds(sum(read.values()) + drafted, len(decoding))
        seconds *= self.machine.factor(began) * (1 + self.machine.noise * self._random.random())
        self.now += seconds
        self.steps.append(Step(began, seconds, read, tuple(decoding), drafted))
        return {row.sequence: self._written(row) for row in batch.rows if row.wants_logits}

    def _written(self, row: Row) -> list[int]:
        visit, sequence = self._visits[row.sequence], row.sequence
        visit.tokens_at.append(self.now)
        tokens: list[int] = []
        for place, guess in enumerate((*row.draft, None), start=sequence.completion_tokens):
            # What is no copy is never said twice, so that no draft is right.
            is_copy = visit.copies and place < sequence.prompt_tokens
            tokens.append(sequence.tokens[place] if is_copy else -1 - len(sequence.tokens))
            if tokens[-1] != guess:
                break
        self._held[row.slot.index] = row.start + row.count + len(tokens) - 1
        return tokens

    def begin(self, sequence: Sequence) -> None:
        visit = self._visits[sequence]
        visit.seats_at.append(self.now)

    def end(self, sequence: Sequence) -> None:
        self._visits[sequence].ended_at = self.now

    def keep(self, slot: Slot, count: int) -> int:
        return count

    def share(self, source: Slot, target: Slot, count: int) -> int:
        return count

    def token_bytes(self, token: int) -> bytes:
        return b"x"

    def is_end(self, token: int) -> bool:
        return False

    def set_threads(self, threads: int) -> None:
        raise AssertionError("nobody else computes here")

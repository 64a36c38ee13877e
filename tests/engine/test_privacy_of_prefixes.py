"""Whose words are in which cell, whatever happens: nobody builds on another's private text.

Every cell of the scripted model knows for whom it was computed and whether that prompt called it
public, also after it went to disk and came back.
"""

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from doses import examples
from fakes import Cell, ScriptedBackend
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from kept_states import KEY, LIMIT_BYTES, PATIENCE_SECONDS, kept_in

from appliance.engine.backend import CacheFull
from appliance.engine.batch import Batch
from appliance.engine.kv_snapshots import KvSnapshots, SnapshotMeta
from appliance.engine.scheduler import Scheduler, SchedulerLimits
from appliance.engine.sequence import Priority, SamplingParams, Sequence
from appliance.engine.slots import Slot
from appliance.engine.snapshot_keeper import IDLE_SECONDS, SnapshotKeeper
from appliance.engine.step_budget import StepBudget
from appliance.engine.stepper import Stepper
from appliance.engine.thread_governor import ThreadGovernor

Claim = tuple[str, str | None]
"""The owner and the tag of a sequence that held a cell."""

HOUSE = list(range(1000, 1150))
"""The box's own words; prompts begin with more or less of them."""
TEXTS = [[*range(2000, 2070), *range(first, first + 130)] for first in (3000, 4000)]
"""What anybody may write: two texts that begin alike."""
LONGEST_PROMPT = 450
ENDLESS_STEPS = 5000


class LabelledBackend(ScriptedBackend):
    """Knows of every cell who claims it and whether somebody's prompt called it public."""

    def __init__(self, kv_tokens: int, can_keep: bool) -> None:
        super().__init__(
            lambda sequence: "again and again " * 9,
            kv_tokens=kv_tokens,
            context_tokens=LONGEST_PROMPT + 100,
            can_keep=can_keep,
            can_drop=can_keep,
        )
        self.claims: dict[Cell, set[Claim]] = {}
        self.public: set[Cell] = set()

    def begin(self, sequence: Sequence) -> None:
        """A sequence is seated: all that its seat holds counts as read for it."""
        assert sequence.slot is not None
        cells = self.cells.get(sequence.slot.index, [])
        assert len(cells) == sequence.cached_tokens
        assert self.foreign(sequence.slot, sequence.owner, sequence.public_tokens) == []
        self.claim(sequence)
        super().begin(sequence)

    def decode(self, batch: Batch) -> Mapping[Sequence, list[int]]:
        sampled = super().decode(batch)
        for row in batch.rows:
            self.claim(row.sequence)
        return sampled

    def claim(self, sequence: Sequence) -> None:
        assert sequence.slot is not None
        cells = self.cells.get(sequence.slot.index, [])
        for cell in cells:
            self.claims.setdefault(cell, set()).add((sequence.owner, sequence.tag))
        self.public.update(cells[: sequence.public_tokens])

    def disclaim(self, owner: str, tag: str | None, running: Iterable[Sequence]) -> None:
        """These words are to be forgotten, but for what is still written."""
        for claims in self.claims.values():
            claims -= {claim for claim in claims if is_meant(claim, owner, tag)}
        for sequence in running:
            self.claim(sequence)

    def foreign(self, slot: Slot, owner: str | None, public_tokens: int) -> list[int]:
        """Positions in a seat that hold what is neither `owner`'s nor public there."""
        return [
            at
            for at, cell in enumerate(self.cells.get(slot.index, []))
            if all(who != owner for who, _ in self.claims[cell])
            and not (cell in self.public and at < public_tokens)
        ]

    def state(self, slot: Slot) -> bytearray:
        cells = self.cells.get(slot.index, [])
        held = [(cell.token, list(self.claims[cell]), cell in self.public) for cell in cells]
        return bytearray(json.dumps(held).encode())

    def restore(self, slot: Slot, state: bytes, count: int) -> int:
        held = json.loads(state)[:count] if self._can_keep else []
        self.cells[slot.index] = []
        for token, claims, is_public in held:
            cell = Cell(token)
            self.cells[slot.index].append(cell)
            self.claims[cell] = {(owner, tag) for owner, tag in claims}
            self.public.update([cell] if is_public else [])
        return len(held)


class CheckedSnapshots(KvSnapshots):
    """Writes down nothing but what its owner may have."""

    def save(self, meta: SnapshotMeta, state: bytes | bytearray | memoryview) -> None:
        held = json.loads(bytes(state))
        assert [token for token, _, _ in held] == list(meta.tokens)
        for at, (_, claims, is_public) in enumerate(held):
            is_own = any(owner == meta.owner for owner, _ in claims)
            assert is_own or (is_public and at < meta.public_tokens)
        super().save(meta, state)


def is_meant(claim: Claim, owner: str, tag: str | None) -> bool:
    return claim[0] == owner and tag in (None, claim[1])


OWNERS = st.sampled_from(["ann", "bob", "eve"])
TAGS = st.sampled_from(["garden", "kitchen", None])
LENGTHS = st.sampled_from([1, 20, 70, 100, 200])
PUBLIC = st.sampled_from([0, 50, 100, 150, 200, LONGEST_PROMPT])
REPLIES = st.sampled_from([0, 1, 10, 80])
PRIORITIES = st.sampled_from([Priority.NORMAL, Priority.NORMAL, Priority.BACKGROUND])

somebody_came = precondition(lambda machine: bool(machine.all))


class HouseMachine(RuleBasedStateMachine):
    """Several people come, go, come back from the disk, and want to be forgotten."""

    @initialize(
        kv_tokens=st.sampled_from([600, 1200, 5000]), can_keep=st.sampled_from([True, True, False])
    )
    def begin(self, kv_tokens: int, can_keep: bool) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.folder = Path(self.directory.name) / "kv"
        self.snapshots = CheckedSnapshots(self.folder, KEY, LIMIT_BYTES)
        self.snapshots.start()
        self.kv_tokens, self.can_keep = kv_tokens, can_keep
        self.now = 0.0
        self.all: list[Sequence] = []
        self.open()

    def open(self) -> None:
        self.backend = LabelledBackend(self.kv_tokens, self.can_keep)
        self.scheduler = Scheduler(
            SchedulerLimits(
                seats=4,
                running=2,
                kv_tokens=self.kv_tokens,
                context_tokens=self.backend.vocabulary.context_tokens,
                waiting=1000,
                may_draft=self.backend.can_drop,
            )
        )
        slots = self.scheduler.slots
        self.stepper = Stepper(
            self.backend,
            self.scheduler,
            StepBudget(0.2, 512),
            SnapshotKeeper(self.snapshots, self.backend, slots, lambda: None),
            ThreadGovernor(1, 1, lambda: 0.0),
        )

    @rule(
        owner=OWNERS,
        tag=TAGS,
        house=st.sampled_from([0, 50, 100, 150]),
        text=st.sampled_from([0, 1]),
        length=LENGTHS,
        public=PUBLIC,
        reply=REPLIES,
        priority=PRIORITIES,
    )
    def something_new(
        self,
        owner: str,
        tag: str | None,
        house: int,
        text: int,
        length: int,
        public: int,
        reply: int,
        priority: Priority,
    ) -> None:
        self.submit(owner, [*HOUSE[:house], *TEXTS[text][:length]], public, tag, reply, priority)

    @somebody_came
    @rule(data=st.data(), length=LENGTHS, reply=REPLIES, priority=PRIORITIES)
    def somebody_goes_on(
        self, data: st.DataObject, length: int, reply: int, priority: Priority
    ) -> None:
        said = self.one_of(data)
        prompt = [*said.tokens, *TEXTS[1][-length:]]
        self.submit(said.owner, prompt, said.public_tokens, said.tag, reply, priority)

    @somebody_came
    @rule(data=st.data(), owner=OWNERS, tag=TAGS, length=LENGTHS, public=PUBLIC, reply=REPLIES)
    def somebody_says_what_was_said_before(
        self, data: st.DataObject, owner: str, tag: str | None, length: int, public: int, reply: int
    ) -> None:
        """Perhaps by another, and perhaps more of it is called public now."""
        prompt = [*self.one_of(data).tokens, *TEXTS[0][-length:]]
        self.submit(owner, prompt, public, tag, reply, Priority.NORMAL)

    def submit(
        self,
        owner: str,
        prompt: list[int],
        public: int,
        tag: str | None,
        reply: int,
        priority: Priority,
    ) -> None:
        prompt = prompt[:LONGEST_PROMPT]
        sequence = Sequence(
            f"s{len(self.all)}",
            owner,
            prompt,
            SamplingParams(max_tokens=reply),
            min(public, len(prompt)),
            tag,
            priority,
            is_aside=priority is Priority.BACKGROUND and reply > 0,
        )
        self.all.append(sequence)
        self.stepper.accept(sequence, 0.0)

    def one_of(self, data: st.DataObject) -> Sequence:
        return self.all[data.draw(st.integers(0, len(self.all) - 1))]

    @somebody_came
    @rule(steps=st.integers(1, 12))
    def go_on(self, steps: int) -> None:
        for _ in range(steps):
            self.stepper.step()
            self.snapshots.wait_idle(PATIENCE_SECONDS)

    @somebody_came
    @rule()
    def finish(self) -> None:
        for _ in range(ENDLESS_STEPS):
            if all(sequence.is_over for sequence in self.all):
                return
            self.go_on(1)
        raise AssertionError("somebody waits for ever")

    @somebody_came
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.stepper.cancel(self.one_of(data).sequence_id)

    @somebody_came
    @rule()
    def the_cache_is_full_before_its_time(self) -> None:
        if self.stepper.has_work:
            self.backend.fail_next = CacheFull("scripted")

    @somebody_came
    @rule()
    def nobody_comes_for_long(self) -> None:
        for _ in self.scheduler.slots:
            self.stepper.save_idle(self.now)
            self.now += IDLE_SECONDS
        self.snapshots.wait_idle(PATIENCE_SECONDS)

    @somebody_came
    @rule(is_night=st.booleans(), reply=REPLIES, public=PUBLIC)
    def restart(self, is_night: bool, reply: int, public: int) -> None:
        """In the middle of everything, or when all have gone to bed; then some come back."""
        if is_night:
            self.finish()
        self.stepper.save_all()
        self.stepper.cancel_all()
        self.snapshots.wait_idle(PATIENCE_SECONDS)
        self.open()
        for said in self.all[-3:]:
            self.submit(said.owner, [*said.tokens, 1], public, said.tag, reply, Priority.NORMAL)
        self.go_on(3)

    @somebody_came
    @rule(owner=OWNERS, tag=TAGS)
    def forget(self, owner: str, tag: str | None) -> None:
        self.stepper.forget(owner, tag)
        self.backend.disclaim(owner, tag, self.scheduler.running)
        for slot in self.scheduler.slots:
            for cell in self.backend.cells.get(slot.index, []):
                is_forgotten = not self.backend.claims[cell] and cell not in self.backend.public
                assert not is_forgotten, f"slot {slot.index} still holds it"
        for kept_owner, kept_tag, _ in kept_in(self.folder):
            assert not is_meant((kept_owner, kept_tag), owner, tag)

    @invariant()
    def no_seat_holds_what_is_neither_its_owners_nor_public(self) -> None:
        if not hasattr(self, "scheduler"):
            return
        for slot in self.scheduler.slots:
            assert self.backend.foreign(slot, slot.owner, slot.public_tokens) == []

    def teardown(self) -> None:
        if hasattr(self, "scheduler"):
            self.backend.fail_next = None
            try:
                self.finish()
            finally:
                self.snapshots.close(PATIENCE_SECONDS)
                self.directory.cleanup()


TestHouse = HouseMachine.TestCase
TestHouse.settings = settings(max_examples=examples(25, 80), stateful_step_count=30, deadline=None)

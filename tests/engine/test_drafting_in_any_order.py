"""People come, stop and go in any order while a draft model guesses: nothing is left behind."""

from doses import examples
from fakes import ScriptedBackend
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pytest import MonkeyPatch
from scripted_draft import ScriptedDraft, counting

from appliance.engine.draft_model import Guess
from appliance.engine.events import Delta, Ended
from appliance.engine.guesser import Guesser
from appliance.engine.scheduler import Scheduler, SchedulerLimits
from appliance.engine.self_check import violations
from appliance.engine.sequence import FinishReason, Priority, SamplingParams, Sequence
from appliance.engine.snapshot_keeper import SnapshotKeeper
from appliance.engine.step_budget import StepBudget
from appliance.engine.stepper import Stepper
from appliance.engine.thread_governor import ThreadGovernor

WORDS = st.integers(0x4E00, 0x4E00 + 500)


def reply_to(sequence: Sequence) -> str:
    """Counts on from the last character of the prompt, with a leap now and then."""
    at, characters = sequence.tokens[sequence.prompt_tokens - 1], []
    for number in range(60):
        at += 100 if number % 11 == 10 else 1
        characters.append(chr(at))
    return "".join(characters)


def unsure_at_times(tokens: list[int]) -> Guess:
    guess = counting(tokens)
    return Guess(guess.token, 0.3) if guess.token % 13 == 0 else guess


class DraftingMachine(RuleBasedStateMachine):
    """A cramped box with a draft model that is more cramped still."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = MonkeyPatch()
        self.patch.setattr("appliance.engine.stepper.monotonic", lambda: 0.0)
        self.draft = ScriptedDraft(unsure_at_times, kv_tokens=220, batch_tokens=20)
        self.backend = ScriptedBackend(reply_to, kv_tokens=400, can_drop=True)
        self.scheduler = Scheduler(SchedulerLimits(8, 6, 400, 300, 20, may_draft=True))
        self.stepper = Stepper(
            self.backend,
            self.scheduler,
            StepBudget(0.2, 128),
            SnapshotKeeper(None, self.backend, self.scheduler.slots, lambda: None),
            ThreadGovernor(1, 1, lambda: 0.0),
            Guesser(self.draft, lambda: 0.0),
        )
        self.all: list[Sequence] = []
        self.texts: dict[str, str] = {}

    @rule(
        owner=st.sampled_from(["ann", "ben", "eve"]),
        length=st.integers(1, 90),
        last=WORDS,
        max_tokens=st.integers(1, 80),
        in_background=st.booleans(),
    )
    def submit(
        self, owner: str, length: int, last: int, max_tokens: int, in_background: bool
    ) -> None:
        sequence = Sequence(
            f"s{len(self.all)}",
            owner,
            [*range(last, last + length - 1), last],
            SamplingParams(max_tokens=max_tokens),
            priority=Priority.BACKGROUND if in_background else Priority.NORMAL,
            is_aside=in_background,
        )
        self.all.append(sequence)
        self.texts[sequence.sequence_id] = ""
        self.stepper.accept(sequence, 0.0)
        self.take_events()

    @rule(choice=st.integers(0, 100))
    def cancel(self, choice: int) -> None:
        if self.all:
            self.stepper.cancel(self.all[choice % len(self.all)].sequence_id)
            self.take_events()

    @rule(owner=st.sampled_from(["ann", "ben"]))
    def forget(self, owner: str) -> None:
        self.stepper.forget(owner, None)
        self.take_events()

    @rule(steps=st.integers(1, 12))
    def step(self, steps: int) -> None:
        for _ in range(steps):
            self.stepper.step()
            self.take_events()
            self.all_adds_up()

    @rule()
    def a_step_fails(self) -> None:
        self.stepper.recover()
        self.take_events()
        assert not any(self.draft.seats)

    @invariant()
    def all_adds_up(self) -> None:
        known = [sequence for sequence in self.all if not sequence.is_over]
        assert violations(self.scheduler, known, self.backend.held_tokens) == []
        assert self.stepper._guesser.violations(known) == []

    def take_events(self) -> None:
        sequences = {sequence.sequence_id: sequence for sequence in self.all}
        for event in self.stepper.take_events():
            if isinstance(event, Delta):
                self.texts[event.sequence_id] += event.text
            elif isinstance(event, Ended):
                sequence = sequences[event.sequence_id]
                whole = reply_to(sequence)[: sequence.sampling.max_tokens]
                text = self.texts[event.sequence_id]
                if event.finish_reason in (FinishReason.STOP, FinishReason.LENGTH):
                    assert text == whole
                else:
                    assert whole.startswith(text)

    def teardown(self) -> None:
        try:
            self.finish()
        finally:
            self.patch.undo()

    def finish(self) -> None:
        for _ in range(10_000):
            if not self.stepper.has_work:
                break
            self.stepper.step()
            self.take_events()
        assert not self.stepper.has_work
        assert all(sequence.is_over for sequence in self.all)
        assert len(self.scheduler.slots.free()) == 8
        assert not any(self.draft.seats)
        assert not self.backend.open
        assert self.stepper.check() == []


DraftingMachine.TestCase.settings = settings(
    max_examples=examples(20, 60), stateful_step_count=40, deadline=None
)
TestDrafting = DraftingMachine.TestCase

"""The draft model in the engine's steps: when it is asked, and what becomes of its guesses."""

from collections.abc import Callable

import pytest
from fakes import ScriptedBackend
from scripted_draft import ScriptedDraft

from appliance.engine.backend import CacheFull
from appliance.engine.batch import Batch, Row
from appliance.engine.draft_model import MOST_DRAFTING, Guess
from appliance.engine.events import Delta, Ended, Event
from appliance.engine.guesser import Guesser
from appliance.engine.scheduler import Scheduler, SchedulerLimits
from appliance.engine.sequence import FinishReason, Priority, SamplingParams, Sequence
from appliance.engine.snapshot_keeper import SnapshotKeeper
from appliance.engine.step_budget import StepBudget
from appliance.engine.stepper import Stepper
from appliance.engine.thread_governor import ThreadGovernor

STORY = "".join(chr(0x4E00 + number) for number in range(400))
"""A reply in which nothing is said twice, so that looking up finds nothing."""


@pytest.fixture(autouse=True)
def time_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.engine.stepper.monotonic", lambda: 0.0)


def foreseeing(reply: str, wrong_every: int = 0) -> Callable[[list[int]], Guess]:
    """Knows what follows each character of `reply`, but for some; at other characters unsure."""
    following = {ord(char): ord(reply[at + 1]) for at, char in enumerate(reply[:-1])}

    def foresee(tokens: list[int]) -> Guess:
        token = following.get(tokens[-1])
        if token is None:
            return Guess(1, 0.1)
        return Guess(1, 0.9) if wrong_every and token % wrong_every == 0 else Guess(token, 0.9)

    return foresee


class Box:
    """An engine's steps, driven by hand."""

    def __init__(self, backend: ScriptedBackend, draft: ScriptedDraft | None) -> None:
        self.backend, self.draft = backend, draft
        self.scheduler = Scheduler(
            SchedulerLimits(8, 8, 10_000, 4096, 8, may_draft=backend.can_drop)
        )
        self.stepper = Stepper(
            backend,
            self.scheduler,
            StepBudget(0.2, 512),
            SnapshotKeeper(None, backend, self.scheduler.slots, lambda: None),
            ThreadGovernor(2, 2, lambda: 0.0),
            Guesser(draft, lambda: 0.0),
        )
        self.events: list[Event] = []

    def submit(
        self, name: str, prompt: str = "Tell.", max_tokens: int = 1000, **more: object
    ) -> Sequence:
        tokens, sampling = self.backend.tokenize(prompt), SamplingParams(max_tokens=max_tokens)
        sequence = Sequence(name, name, tokens, sampling, **more)  # type: ignore[arg-type]
        self.stepper.accept(sequence, 0.0)
        return sequence

    def run(self, steps: int = 10_000) -> int:
        """Until there is nothing left to do; returns how many steps that took."""
        taken = 0
        while taken < steps and self.stepper.has_work:
            self.stepper.step()
            self.events += self.stepper.take_events()
            taken += 1
        return taken

    def text(self, name: str) -> str:
        return "".join(
            e.text for e in self.events if isinstance(e, Delta) and e.sequence_id == name
        )

    def end(self, name: str) -> Ended:
        (end,) = [e for e in self.events if isinstance(e, Ended) and e.sequence_id == name]
        return end


def box(reply: str = STORY, draft: ScriptedDraft | None = None, **backend: bool) -> Box:
    backend = {"can_drop": True} | backend
    return Box(ScriptedBackend(lambda sequence: reply, **backend), draft)


def test_a_reply_that_is_foreseen_takes_far_fewer_steps_and_is_the_same() -> None:
    plain, drafted = box(), box(draft=ScriptedDraft(foreseeing(STORY)))
    for each in (plain, drafted):
        each.submit("ann")
        each.steps = each.run()  # type: ignore[attr-defined]
        assert each.text("ann") == STORY
        assert each.end("ann").counts.completion_tokens == len(STORY)
    assert plain.steps > 400 > 100 > drafted.steps  # type: ignore[attr-defined]
    counts = drafted.end("ann").counts
    assert counts.drafted_tokens == counts.accepted_tokens > 300
    assert drafted.stepper.check() == []


def test_wrong_guesses_change_nothing_of_what_is_written() -> None:
    for wrong_every in (1, 2, 5):
        it = box(draft=ScriptedDraft(foreseeing(STORY, wrong_every)))
        it.submit("ann")
        it.run()
        assert it.text("ann") == STORY
        assert it.stepper.check() == []


def test_a_draft_model_that_is_always_wrong_is_soon_left_alone() -> None:
    draft = ScriptedDraft(foreseeing(STORY, wrong_every=1))
    it = box(draft=draft)
    it.submit("ann")
    it.run()
    assert it.end("ann").counts.accepted_tokens == 0
    assert len(draft.calls) < 100


def test_a_draft_model_that_is_never_sure_is_soon_left_alone() -> None:
    draft = ScriptedDraft(lambda tokens: Guess(1, 0.3))
    it = box(draft=draft)
    it.submit("ann")
    it.run()
    assert it.end("ann").counts.drafted_tokens == 0
    assert len(draft.calls) < 100


def test_a_draft_model_that_costs_more_time_than_it_saves_is_soon_left_alone() -> None:
    now = 0.0

    def foresee_slowly(tokens: list[int]) -> Guess:
        nonlocal now
        now += 1.0
        return foreseeing(STORY)(tokens)

    asked = {}
    for a_step_takes in (100.0, 0.1):
        draft = ScriptedDraft(foresee_slowly)
        guesser = Guesser(draft, lambda: now)
        it = box(draft=draft)
        sequence = it.submit("ann")
        sequence.tokens += it.backend.tokenize(STORY[:100])
        sequence.computed = len(sequence.tokens) - 1
        asked[a_step_takes] = 0
        for _ in range(200):
            guessed = guesser.guess({sequence: 3}, 1).get(sequence, [])
            asked[a_step_takes] += bool(guessed)
            row = Row(sequence, sequence.computed, 1, tuple(guessed), bool(guessed))
            guesser.observe(Batch([row]), 1 + len(guessed), a_step_takes)
    assert asked[100.0] > 150
    assert asked[0.1] <= 64, "two trials"


def test_the_draft_model_is_not_asked_where_the_text_repeats_itself() -> None:
    quoted = STORY[:60]
    draft = ScriptedDraft(foreseeing(STORY))
    it = box(reply=quoted, draft=draft)
    it.submit("ann", prompt=f"Repeat: {quoted}. {quoted[:20]}")
    for _ in range(4):  # it is measured without guesses first
        it.stepper._guesser._worth.observe(1, 1, 0.0, is_guessed=False)
    it.run()
    looked_up = it.end("ann").counts.accepted_tokens
    assert it.text("ann") == quoted
    assert looked_up > 40
    assert sum(map(len, draft.calls)) < 10


def test_beside_many_replies_nothing_is_guessed() -> None:
    draft = ScriptedDraft(foreseeing(STORY))
    it = box(draft=draft)
    names = [f"p{number}" for number in range(MOST_DRAFTING + 1)]
    for name in names:
        it.submit(name, prompt=f"Tell {name}.")
    it.run(200)
    assert not draft.calls
    it.stepper.cancel(names[0])
    it.run()
    assert draft.calls
    assert all(it.text(name) == STORY for name in names[1:])
    assert it.stepper.check() == []


def test_nothing_is_guessed_for_what_runs_in_the_background() -> None:
    draft = ScriptedDraft(foreseeing(STORY))
    it = box(draft=draft)
    it.submit("aside", priority=Priority.BACKGROUND, is_aside=True)
    it.run()
    assert it.text("aside") == STORY
    assert not draft.calls


def test_nothing_is_guessed_for_a_model_that_cannot_take_it_back() -> None:
    draft = ScriptedDraft(foreseeing(STORY))
    it = box(draft=draft, can_drop=False)
    it.submit("ann")
    it.run()
    assert it.text("ann") == STORY
    assert not draft.calls


def test_a_reply_is_never_longer_than_it_may_be() -> None:
    for length in (1, 2, 5, 37):
        it = box(draft=ScriptedDraft(foreseeing(STORY)))
        it.submit("ann", max_tokens=length)
        it.run()
        assert it.text("ann") == STORY[:length]
        assert it.end("ann").finish_reason is FinishReason.LENGTH


def test_a_draft_model_that_fails_is_not_asked_again_and_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    draft = ScriptedDraft(foreseeing(STORY))
    it = box(draft=draft)
    it.submit("ann")
    it.run(15)
    assert any(draft.seats)
    draft.fail_next = True
    it.run()
    assert it.text("ann") == STORY
    assert it.end("ann").finish_reason is FinishReason.STOP
    assert "the draft model failed and is not asked again: scripted" in caplog.text
    assert not any(draft.seats), "its words are gone"


def test_words_are_gone_from_the_draft_model_as_soon_as_their_reply_is_over() -> None:
    draft = ScriptedDraft(foreseeing(STORY))
    it = box(draft=draft)
    it.submit("ann")
    it.submit("ben", prompt="And you?")
    it.run(30)
    assert sum(map(bool, draft.seats)) == 2
    it.stepper.cancel("ann")
    (left,) = [seat for seat in draft.seats if seat]
    assert left[: len("And you?")] == it.backend.tokenize("And you?")
    it.stepper.cancel("ben")
    assert not any(draft.seats)


def test_after_a_step_that_failed_the_draft_model_holds_nothing() -> None:
    draft = ScriptedDraft(foreseeing(STORY))
    it = box(draft=draft)
    it.submit("ann")
    it.run(15)
    it.stepper.recover()
    assert not any(draft.seats)


def test_when_the_kv_cache_is_emptied_the_draft_model_begins_anew_too() -> None:
    draft = ScriptedDraft(foreseeing(STORY))
    it = box(draft=draft)
    it.submit("ann")
    it.run(15)
    assert any(draft.seats)
    it.backend.fail_next = CacheFull("scripted")
    it.run(1)
    assert not any(draft.seats)
    it.run()
    assert it.text("ann") == STORY


def test_words_left_in_the_draft_model_are_found_and_healed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    draft = ScriptedDraft(foreseeing(STORY))
    it = box(draft=draft)
    it.submit("ann")
    it.run()
    draft.seats[1] += [1, 2, 3]
    (sentence,) = it.stepper.check()
    assert sentence == "seat 1 of the draft model counts 0 tokens, and the model holds 3"
    assert not any(draft.seats)
    assert it.stepper.check() == []


def test_a_quote_that_runs_beyond_the_end_of_the_reply_says_nothing_more() -> None:
    turn = STORY[:30] + "\0" + STORY[30:60]
    it = box(reply=turn)  # this model would go on behind its end, as real ones do
    it.submit("ann", prompt=f"{turn}. {STORY[:10]}")
    it.run()
    assert it.end("ann").counts.accepted_tokens > 0
    assert it.text("ann") == STORY[:30]
    assert it.end("ann").counts.completion_tokens == 30

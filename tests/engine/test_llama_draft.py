"""The draft model in llama.cpp: the small model guesses for itself, so that it is always right."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_files.tiny_gguf import write_tiny_gguf

from appliance.engine.backend import BackendFailed
from appliance.engine.batch import Batch
from appliance.engine.draft_model import AT_ONCE_TOKENS, MOST_DRAFTING, DraftRow
from appliance.engine.draft_vocabulary import TokenTexts
from appliance.engine.events import Delta, Ended, Event
from appliance.engine.guesser import Guesser
from appliance.engine.llama_backend import LlamaBackend
from appliance.engine.llama_draft import DraftSettings, LlamaDraft
from appliance.engine.llama_library import llama_cpp
from appliance.engine.scheduler import Scheduler, SchedulerLimits
from appliance.engine.self_check import violations
from appliance.engine.sequence import SamplingParams, Sequence
from appliance.engine.snapshot_keeper import SnapshotKeeper
from appliance.engine.step_budget import StepBudget
from appliance.engine.stepper import Stepper
from appliance.engine.thread_governor import ThreadGovernor
from appliance.errors import ModelRefused

pytestmark = pytest.mark.model
SETTINGS = DraftSettings(threads=1, kv_tokens=512, batch_tokens=64)
PROMPTS = ("1, 2, 3, 4, 5, 6,", "The capital of France is", "2 4 6 8 10 12")


@pytest.fixture(scope="module")
def loaded(llama: LlamaBackend, model_path: Path) -> Iterator[LlamaDraft]:
    draft = LlamaDraft(model_path, SETTINGS, llama.token_texts())
    yield draft
    draft.close()


@pytest.fixture
def draft(llama: LlamaBackend, loaded: LlamaDraft) -> LlamaDraft:
    llama.reset()
    loaded.reset()
    return loaded


class Replies:
    """The engine's steps with the real model, counted; time stands still for the draft's worth."""

    def __init__(self, llama: LlamaBackend, draft: LlamaDraft | None) -> None:
        self.decodes = 0
        self.llama = llama
        self.scheduler = Scheduler(SchedulerLimits(4, 4, 512, 512, 8, may_draft=llama.can_drop))
        self.stepper = Stepper(
            self,  # type: ignore[arg-type]
            self.scheduler,
            StepBudget(0.2, 128),
            SnapshotKeeper(None, llama, self.scheduler.slots, lambda: None),
            ThreadGovernor(1, 1, lambda: 0.0),
            Guesser(draft, lambda: 0.0),
        )
        self.events: list[Event] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self.llama, name)

    def decode(self, batch: Batch) -> object:
        self.decodes += 1
        return self.llama.decode(batch)

    def write(self, sampling: SamplingParams, *prompts: str) -> list[str]:
        self.llama.reset()
        for number, prompt in enumerate(prompts):
            tokens = self.llama.tokenize(prompt)
            self.stepper.accept(Sequence(str(number), str(number), tokens, sampling), 0.0)
        while self.stepper.has_work:
            self.stepper.step()
        self.events = self.stepper.take_events()
        assert self.stepper.check() == []
        return [
            "".join(e.text for e in self.events if isinstance(e, Delta) and e.sequence_id == name)
            for name in map(str, range(len(prompts)))
        ]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Tokens written, drafted and accepted, of all replies together."""
        ends = [event.counts for event in self.events if isinstance(event, Ended)]
        return (
            sum(counts.completion_tokens for counts in ends),
            sum(counts.drafted_tokens for counts in ends),
            sum(counts.accepted_tokens for counts in ends),
        )


@pytest.fixture(autouse=True)
def time_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.engine.stepper.monotonic", lambda: 0.0)


@pytest.fixture
def no_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models repeat themselves; here the draft model alone shall guess."""
    monkeypatch.setattr(
        "appliance.engine.prompt_lookup.PromptLookup.draft", lambda self, tokens, limit: []
    )


@pytest.mark.usefixtures("no_lookup")
@pytest.mark.parametrize("count", [1, 3])
def test_a_model_that_drafts_for_itself_is_right_and_takes_fewer_steps(
    llama: LlamaBackend, draft: LlamaDraft, count: int
) -> None:
    greedy = SamplingParams(temperature=0, max_tokens=60)
    plain, drafted = Replies(llama, None), Replies(llama, draft)
    expected = plain.write(greedy, *PROMPTS[:count])
    assert drafted.write(greedy, *PROMPTS[:count]) == expected
    written, guessed, accepted = drafted.counts
    assert accepted >= 0.95 * guessed > 0.5 * written
    assert drafted.decodes < plain.decodes / 2


@pytest.mark.usefixtures("no_lookup")
def test_the_same_seed_draws_the_same_text_with_a_draft_model_as_without(
    llama: LlamaBackend, draft: LlamaDraft
) -> None:
    sampling = SamplingParams(temperature=0.8, seed=5, max_tokens=40)
    expected = Replies(llama, None).write(sampling, "A B C D E F")
    drafted = Replies(llama, draft)
    assert drafted.write(sampling, "A B C D E F") == expected
    assert drafted.counts[1] > drafted.counts[2] > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_replies_that_come_and_go_leave_nothing_in_either_model(
    llama: LlamaBackend, draft: LlamaDraft, seed: int
) -> None:
    chance, replies = random.Random(seed), Replies(llama, draft)
    known: list[Sequence] = []
    for number in range(12):
        tokens = llama.tokenize(chance.choice(PROMPTS) * chance.randint(1, 3))
        sampling = SamplingParams(chance.choice([0, 0.8]), seed=seed, max_tokens=25)
        known.append(Sequence(str(number), chance.choice("ab"), tokens, sampling))
        replies.stepper.accept(known[-1], 0.0)
        for _ in range(chance.randint(0, 6)):
            replies.stepper.step()
            running = [sequence for sequence in known if not sequence.is_over]
            assert violations(replies.scheduler, running, llama.held_tokens) == []
            assert replies.stepper._guesser.violations(running) == []
        if chance.random() < 0.5:
            replies.stepper.cancel(chance.choice(known).sequence_id)
    assert any(draft.held_tokens(seat) for seat in range(MOST_DRAFTING))
    replies.stepper.cancel_all()
    assert replies.stepper.check() == []
    assert len(replies.scheduler.slots.free()) == 4
    assert not any(draft.held_tokens(seat) for seat in range(MOST_DRAFTING))


def test_a_guess_is_the_likeliest_token_with_its_share(
    llama: LlamaBackend, draft: LlamaDraft
) -> None:
    sure = llama.tokenize("1, 2, 3, 4, 5, 6, 7, 8, 9, 1")
    unsure = llama.tokenize("My dog is called")
    guesses = draft.decode([DraftRow(2, 0, sure), DraftRow(0, 0, unsure)])
    assert llama.token_bytes(guesses[2].token) == b"0"
    assert guesses[2].probability > 0.8
    assert 0 < guesses[0].probability < 0.5


def test_seats_do_not_mix_and_let_go_of_what_was_wrong(
    llama: LlamaBackend, draft: LlamaDraft
) -> None:
    tokens = llama.tokenize("1, 2, 3, 4, 5, 6, 7, 8, 9, 1")
    alone = draft.decode([DraftRow(0, 0, tokens)])[0]
    draft.decode([DraftRow(1, 0, tokens[:-1], wants_guess=False)])
    draft.decode([DraftRow(1, len(tokens) - 1, [5, 6, 7])])
    assert draft.held_tokens(1) == len(tokens) + 2
    assert draft.keep(1, len(tokens) - 1) == draft.held_tokens(1) == len(tokens) - 1
    again = draft.decode([DraftRow(1, len(tokens) - 1, tokens[-1:])])[1]
    assert again.token == alone.token
    assert again.probability == pytest.approx(alone.probability, abs=0.02)
    assert draft.keep(0, 0) == draft.held_tokens(0) == 0


def test_the_largest_batch_that_may_be_asked_for_fits(
    llama: LlamaBackend, draft: LlamaDraft
) -> None:
    read = [DraftRow(0, 0, [5] * SETTINGS.batch_tokens, wants_guess=False)]
    draft.decode([*read, *(DraftRow(s, 0, [5] * 20) for s in range(1, MOST_DRAFTING))])
    draft.reset()
    everybody = [DraftRow(s, 0, [5] * AT_ONCE_TOKENS) for s in range(MOST_DRAFTING)]
    assert draft.decode(everybody).keys() == set(range(MOST_DRAFTING))


def test_more_than_its_kv_cache_holds_is_refused(draft: LlamaDraft) -> None:
    with pytest.raises(BackendFailed):
        for start in range(0, 1024, 64):
            draft.decode([DraftRow(0, start, [5] * 64, wants_guess=False)])


def test_the_end_of_a_reply_is_known(llama: LlamaBackend, draft: LlamaDraft) -> None:
    assert draft.is_end(llama.vocabulary.special_tokens["<|im_end|>"])
    assert not draft.is_end(llama.tokenize("a")[0])


def test_the_draft_model_computes_on_as_many_threads_as_the_model_and_is_closed_with_it(
    llama: LlamaBackend, draft: LlamaDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama, "draft_model", draft)
    llama.set_threads(1)
    assert llama_cpp.llama_n_threads(draft._context) == 1
    llama.set_threads(2)
    assert llama_cpp.llama_n_threads(draft._context) == 2


def test_a_model_with_another_vocabulary_is_refused_with_a_sentence(
    llama: LlamaBackend, tmp_path: Path
) -> None:
    tiny = write_tiny_gguf(tmp_path / "tiny.gguf")
    with pytest.raises(ModelRefused, match=r"^its vocabulary is of another kind .* same family\.$"):
        LlamaDraft(tiny, SETTINGS, llama.token_texts())


def test_one_token_that_differs_is_enough(llama: LlamaBackend, model_path: Path) -> None:
    texts = llama.token_texts()
    changed = (*texts.texts[:30_000], b"other", *texts.texts[30_001:])
    with pytest.raises(ModelRefused, match="another text for token 30000"):
        LlamaDraft(model_path, SETTINGS, TokenTexts(texts.kind, texts.first, texts.last, changed))


def test_a_file_that_is_no_model_is_refused_with_a_sentence(
    llama: LlamaBackend, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelRefused, match=r"cannot read it"):
        LlamaDraft(broken, SETTINGS, llama.token_texts())


def test_a_memory_that_cannot_take_a_guess_back_is_refused(
    llama: LlamaBackend, model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LlamaDraft, "keep", lambda self, seat, count: 0)
    with pytest.raises(ModelRefused, match="cannot let go of a wrong guess"):
        LlamaDraft(model_path, SETTINGS, llama.token_texts())

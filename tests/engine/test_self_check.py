"""The self-check: each way in which the books may disagree, and what the engine does about it."""

import logging
import re
import threading
from collections.abc import Callable, Iterator

import pytest
from fakes import ScriptedBackend

from appliance.engine.batch import Batch, Row
from appliance.engine.engine import Engine
from appliance.engine.engine_limits import EngineLimits
from appliance.engine.events import Ended, Event
from appliance.engine.kv_cells import CellMap, Run
from appliance.engine.llama_backend import LlamaBackend
from appliance.engine.llama_library import llama_cpp
from appliance.engine.scheduler import Scheduler, SchedulerLimits
from appliance.engine.self_check import violations
from appliance.engine.sequence import FinishReason, SamplingParams, Sequence, SequenceStatus
from appliance.engine.slots import Slot
from appliance.engine.snapshot_keeper import SnapshotKeeper
from appliance.engine.step_budget import StepBudget
from appliance.engine.stepper import Stepper
from appliance.engine.thread_governor import ThreadGovernor

BEGINNING = "Once upon a time, in a house by the sea, "


class Books:
    """An engine's books in the middle of work: two run in slots 0 and 1 and share a beginning."""

    def __init__(self) -> None:
        self.backend = ScriptedBackend(lambda sequence: "x" * 50)
        self.scheduler = Scheduler(
            SchedulerLimits(seats=3, running=3, kv_tokens=500, context_tokens=400, waiting=4)
        )
        self.stepper = Stepper(
            self.backend,
            self.scheduler,
            StepBudget(0.2, 512),
            SnapshotKeeper(None, self.backend, self.scheduler.slots, lambda: None),
            ThreadGovernor(2, 2, lambda: 0.0),
        )
        self.ann = self.accept("ann", BEGINNING + "there lived a cat")
        for _ in range(2):
            self.stepper.step()
        self.ben = self.accept("ben", BEGINNING + "there lived a dog")
        self.stepper.step()
        self.stepper.take_events()
        assert self.found() == []
        self.slots = list(self.scheduler.slots)
        assert self.slots[0].cells.runs[0] is self.slots[1].cells.runs[0]

    def accept(self, name: str, text: str) -> Sequence:
        sequence = Sequence(name, "house", self.backend.tokenize(text), SamplingParams())
        self.stepper.accept(sequence, 0.0)
        return sequence

    def found(self) -> list[str]:
        return violations(self.scheduler, [self.ann, self.ben], self.backend.held_tokens)


@pytest.fixture
def books() -> Books:
    return Books()


def one_holder_too_many(books: Books) -> None:
    books.slots[0].cells.runs[0].holders += 1


def a_run_that_is_listed_nowhere_else(books: Books) -> None:
    lost = books.slots[1].cells.runs.pop(0)
    books.slots[1].cells.count -= len(lost.tokens)


def a_count_of_its_own(books: Books) -> None:
    books.slots[0].cells.count += 7


def more_cells_than_there_are(books: Books) -> None:
    slot = books.slots[2]
    slot.cells.runs.append(Run([1] * 600))
    slot.cells.count = 600


def a_seat_that_nobody_left(books: Books) -> None:
    books.scheduler.running.remove(books.ann)


def a_seat_of_somebody_elses(books: Books) -> None:
    books.slots[2].sequence = books.ann


def a_runner_without_a_seat(books: Books) -> None:
    books.slots[0].sequence, books.ann.slot = None, None


def a_step_that_counted_twice(books: Books) -> None:
    books.ann.computed += 1


def somebody_who_is_forgotten(books: Books) -> None:
    books.scheduler.end(books.ann, SequenceStatus.WAITING)


def a_token_that_the_model_lost(books: Books) -> None:
    books.backend.cells[0].pop()


def a_token_that_the_model_kept(books: Books) -> None:
    books.backend.cells[2] = books.backend.cells[0][:3]


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (one_holder_too_many, r"a run of 55 tokens counts 3 holders, and 2 seats list it"),
        (a_run_that_is_listed_nowhere_else, r"counts 2 holders, and 1 seats list it"),
        (a_count_of_its_own, r"slot 0 counts 67 tokens, and its runs hold 60"),
        (more_cells_than_there_are, r"6\d\d cells are used of 500, so -1\d\d would be free"),
        (a_seat_that_nobody_left, r"slot 0 is taken by a sequence that does not run in it"),
        (a_seat_of_somebody_elses, r"slot 2 is taken by a sequence that does not run in it"),
        (a_runner_without_a_seat, r"sequence ann runs without a slot of its own"),
        (a_step_that_counted_twice, r"has computed 61 tokens, and its slot 0 holds 60"),
        (somebody_who_is_forgotten, r"1 sequences neither wait nor run, and are not over"),
        (a_token_that_the_model_lost, r"slot 0 counts 60 tokens, and the model holds 59"),
        (a_token_that_the_model_kept, r"slot 2 counts 0 tokens, and the model holds 3"),
    ],
)
def test_each_way_to_break_the_books_is_found_with_its_numbers(
    books: Books, break_it: Callable[[Books], None], sentence: str
) -> None:
    break_it(books)
    assert [text for text in books.found() if re.search(sentence, text)], books.found()


def test_a_sum_that_is_not_that_of_the_runs_is_found(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CellMap, "used", 5)
    (sentence,) = books.found()
    assert re.fullmatch(r"5 cells count as used, and the runs hold \d+ tokens", sentence)


def test_no_word_of_anybodys_is_in_a_sentence(books: Books) -> None:
    for break_it in (one_holder_too_many, a_count_of_its_own, a_token_that_the_model_lost):
        break_it(books)
    assert not {"Once", "sea", "cat", "house"} & set(re.findall(r"\w+", " ".join(books.found())))


def test_a_lost_reply_ends_with_a_sentence_and_its_seat_is_free_again(books: Books) -> None:
    books.stepper.cancel("ben")
    books.scheduler.running.remove(books.ann)
    assert not books.stepper.has_work
    books.stepper.take_events()
    assert len(books.stepper.check()) == 2
    (ended,) = books.stepper.take_events()
    assert isinstance(ended, Ended)
    assert (ended.sequence_id, ended.finish_reason) == ("ann", FinishReason.ERROR)
    assert ended.error == "The box lost track of this reply. Try again."
    assert not books.backend.open
    assert books.stepper.check() == []
    assert len(books.scheduler.slots.free()) == 3


def test_who_waits_for_the_disk_goes_on_when_others_are_healed(books: Books) -> None:
    for name in ("ann", "ben"):
        books.stepper.cancel(name)
    loading = books.accept("eve", BEGINNING)
    loading.is_loading = True
    assert not books.stepper.has_work
    books.stepper.take_events()
    books.backend.cells[0].pop()
    assert books.stepper.check()
    assert books.stepper.take_events() == []
    loading.is_loading = False
    books.stepper.step()
    assert loading.completion_tokens == 1
    assert books.scheduler.running == [loading]


Start = Callable[[ScriptedBackend], tuple[Engine, Callable[[str], Ended]]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts an engine; gives it and a function that has one text written to its end."""
    engines: list[Engine] = []

    def start(backend: ScriptedBackend) -> tuple[Engine, Callable[[str], Ended]]:
        engine = Engine(lambda: backend, EngineLimits(2, 1000, 512, 8, threads=2, cores=2))
        engines.append(engine)
        over = threading.Event()
        ends: list[Ended] = []

        def publish(events: list[Event]) -> None:
            if found := [event for event in events if isinstance(event, Ended)]:
                ends.extend(found)
                over.set()

        def write(text: str) -> Ended:
            over.clear()
            engine.submit(text, "ann", engine.tokenize(text), SamplingParams())
            assert over.wait(30)
            return ends[-1]

        engine.start(publish)
        assert engine.loaded.wait(30)
        return engine, write

    yield start
    for engine in engines:
        engine.stop()


def test_an_idle_engine_checks_itself_and_finds_nothing(start: Start) -> None:
    engine, write = start(ScriptedBackend())
    write("hello")
    assert engine.gauges.self_checks >= 1
    assert engine.gauges.self_check_failures == 0
    assert write("hello again").counts.cached_tokens == 5


def test_a_violation_is_logged_with_its_numbers_counted_and_healed(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    backend = ScriptedBackend()
    engine, write = start(backend)
    write("hello")
    with caplog.at_level(logging.ERROR):
        # The engine wakes for a call, and checks itself when it falls idle again.
        engine.call(lambda: backend.cells[0].pop()).result(30)
        ended = write("hello there")
    assert "slot 0 counts 10 tokens, and the model holds 9" in caplog.text
    assert "hello" not in caplog.text
    assert engine.gauges.self_check_failures == 1
    assert (ended.finish_reason, ended.counts.cached_tokens) == (FinishReason.STOP, 0)
    assert write("hello there, you").counts.cached_tokens == 11
    assert engine.gauges.self_check_failures == 1, "what was healed is not found again"


def test_a_check_that_fails_itself_does_not_end_the_engine(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    class Mute(ScriptedBackend):
        def held_tokens(self, slot: Slot) -> int:
            raise RuntimeError("scripted")

    _, write = start(Mute())
    for text in ("hello", "again"):
        assert write(text).finish_reason is FinishReason.STOP
    assert "a step failed" in caplog.text


def read_into(llama: LlamaBackend, slot: Slot) -> int:
    """Read a text into a seat of an empty cache; returns its tokens."""
    llama.reset()
    sequence = Sequence("a", "ann", llama.tokenize("One, two, three, four"), SamplingParams())
    sequence.slot = slot
    llama.begin(sequence)
    llama.decode(Batch([Row(sequence, 0, len(sequence.tokens))]))
    llama.end(sequence)
    return len(sequence.tokens)


@pytest.mark.model
def test_the_model_says_what_a_seat_holds(llama: LlamaBackend) -> None:
    count = read_into(llama, Slot(1))
    assert llama.held_tokens(Slot(0)) == 0
    assert llama.held_tokens(Slot(1)) == count
    llama.share(Slot(1), Slot(2), 3)
    assert llama.held_tokens(Slot(2)) == 3
    llama.keep(Slot(1), 0)
    assert (llama.held_tokens(Slot(1)), llama.held_tokens(Slot(2))) == (0, 3)


@pytest.mark.model
def test_a_beginning_that_the_model_lost_shows_as_missing(llama: LlamaBackend) -> None:
    read_into(llama, Slot(0))
    llama_cpp.llama_memory_seq_rm(llama._memory, 0, 0, 2)
    assert llama.held_tokens(Slot(0)) == -2
    llama.reset()

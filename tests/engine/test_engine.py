"""The compute thread with a scripted model: every step is let through by the test."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from engine_listener import LIMITS, Listener, submit
from fakes import ScriptedBackend

from appliance.engine.backend import BackendFailed, CacheFull
from appliance.engine.engine import Engine, EngineState
from appliance.engine.engine_limits import EngineLimits
from appliance.engine.events import Ended, Progress
from appliance.engine.sequence import FinishReason, SamplingParams
from appliance.errors import EngineUnavailable, ModelRefused, PromptTooLong

Start = Callable[..., tuple[Engine, Listener]]


@pytest.fixture
def start() -> Iterator[Start]:
    engines = []

    def start(backend: ScriptedBackend, **limits: Any) -> tuple[Engine, Listener]:
        engine, listener = Engine(lambda: backend, EngineLimits(**LIMITS | limits)), Listener()
        engine.start(listener.publish)
        engine.loaded.wait(30)
        engines.append((engine, backend))
        return engine, listener

    yield start
    for engine, backend in engines:
        if backend._gate is not None:
            backend.let(10_000)
        engine.stop()


def test_a_reply_comes_as_deltas_and_ends_once(start: Start) -> None:
    engine, listener = start(ScriptedBackend())
    submit(engine, "a", "hello")
    ended = listener.wait_end("a")
    assert listener.text("a") == "hello"
    assert ended.finish_reason is FinishReason.STOP
    assert (ended.counts.prompt_tokens, ended.counts.completion_tokens) == (5, 5)
    assert [type(e) for e in listener.of("a")].count(Ended) == 1


def test_several_replies_are_written_in_the_same_steps(start: Start) -> None:
    backend = ScriptedBackend(gated=True)
    engine, listener = start(backend)
    for name in "abcd":
        submit(engine, name, name * 20, owner=name)
    backend.let(100)
    for name in "abcd":
        listener.wait_end(name)
        assert listener.text(name) == name * 20
    together = [batch for batch in backend.batches if len(batch) == 4]
    assert len(together) >= 19


@pytest.mark.parametrize(("target_seconds", "least", "most"), [(1e-6, 16, 16), (1000.0, 500, 512)])
def test_a_prompt_is_read_in_pieces_that_keep_a_step_short(
    start: Start, target_seconds: float, least: int, most: int
) -> None:
    backend = ScriptedBackend(lambda sequence: "ok")
    engine, listener = start(backend, target_step_seconds=target_seconds)
    submit(engine, "a", "x" * 2000)
    listener.wait_end("a")
    # The first step only learns how fast the model reads, and the last ones read what is left.
    (_, first), *_ = backend.batches[0]
    pieces = [count for ((_, count),) in backend.batches[1:-3]]
    assert first == 64
    assert least <= min(pieces) and max(pieces) <= most


def test_cancel_ends_a_reply_within_one_step_and_frees_its_sampler(start: Start) -> None:
    backend = ScriptedBackend(gated=True)
    engine, listener = start(backend)
    submit(engine, "a", "a long reply that nobody wants to read to its end")
    backend.let(5)
    listener.wait(lambda: len(listener.text("a")) >= 4)
    engine.cancel("a")
    backend.let(1)
    assert listener.wait_end("a").finish_reason is FinishReason.CANCELLED
    assert len(backend.batches) <= 6
    assert not backend.open


def test_cancel_works_while_a_prompt_is_being_read(start: Start) -> None:
    backend = ScriptedBackend(gated=True)
    engine, listener = start(backend)
    submit(engine, "a", "x" * 4000)
    backend.let(1)
    listener.wait(lambda: any(isinstance(e, Progress) for e in listener.of("a")))
    engine.cancel("a")
    backend.let(1)
    ended = listener.wait_end("a")
    assert ended.finish_reason is FinishReason.CANCELLED
    assert ended.counts.completion_tokens == 0
    assert sum(count for batch in backend.batches for _, count in batch) < 4000


def test_who_waits_learns_the_place_in_the_queue(start: Start) -> None:
    backend = ScriptedBackend(gated=True)
    engine, listener = start(backend, slots=1)
    for name in "abc":
        submit(engine, name, "hi")
    backend.let(1)
    listener.wait(lambda: any(isinstance(e, Progress) and e.place == 2 for e in listener.of("c")))
    backend.let(100)
    assert listener.wait_end("c").finish_reason is FinishReason.STOP
    places = [e.place for e in listener.of("c") if isinstance(e, Progress)]
    assert places == sorted(places, key=lambda place: -(place or 0))


def test_a_full_queue_ends_with_a_sentence_and_harms_nobody(start: Start) -> None:
    backend = ScriptedBackend(gated=True)
    engine, listener = start(backend, slots=1, waiting_limit=1)
    submit(engine, "running", "hi")
    backend.let(1)
    listener.wait(lambda: bool(listener.of("running")))
    submit(engine, "waiting", "hi")
    submit(engine, "refused", "hi")
    backend.let(100)
    refused = listener.wait_end("refused")
    assert refused.finish_reason is FinishReason.ERROR
    assert refused.error is not None and refused.error.endswith("Try again in a minute.")
    assert listener.wait_end("waiting").finish_reason is FinishReason.STOP


def test_a_prompt_longer_than_the_context_is_refused_before_it_is_queued(start: Start) -> None:
    engine, _ = start(ScriptedBackend(context_tokens=100))
    with pytest.raises(PromptTooLong, match="200 tokens, and the model reads at most 99"):
        submit(engine, "a", "x" * 200)


def test_a_stop_string_ends_the_reply_and_does_not_show(start: Start) -> None:
    backend = ScriptedBackend()
    engine, listener = start(backend)
    submit(engine, "a", "one two three", stop=(" th",))
    assert listener.wait_end("a").finish_reason is FinishReason.STOP
    assert listener.text("a") == "one two"
    assert not backend.open


def test_a_step_that_fails_ends_those_who_ran_and_the_next_one_works(start: Start) -> None:
    backend = ScriptedBackend()
    backend.fail_next = BackendFailed("scripted")
    engine, listener = start(backend)
    submit(engine, "a", "hello")
    ended = listener.wait_end("a")
    assert ended.finish_reason is FinishReason.ERROR
    assert ended.error == "The model stopped in the middle of this reply. Try again."
    submit(engine, "b", "hello")
    assert listener.wait_end("b").finish_reason is FinishReason.STOP


def test_a_cache_that_is_full_too_early_is_emptied_and_nobody_notices(start: Start) -> None:
    backend = ScriptedBackend()
    backend.fail_next = CacheFull("scripted")
    engine, listener = start(backend)
    submit(engine, "a", "hello")
    assert listener.wait_end("a").finish_reason is FinishReason.STOP
    assert listener.text("a") == "hello"


def test_a_second_turn_reads_only_what_is_new(start: Start) -> None:
    engine, listener = start(ScriptedBackend())
    submit(engine, "first", "hello")
    listener.wait_end("first")
    submit(engine, "second", "hellohello again")
    counts = listener.wait_end("second").counts
    assert counts.cached_tokens == 10
    assert listener.text("second") == "hellohello again"


def test_nobody_builds_on_what_another_person_wrote(start: Start) -> None:
    engine, listener = start(ScriptedBackend())
    submit(engine, "ann", "a secret", owner="ann")
    listener.wait_end("ann")
    submit(engine, "bob", "a secret", owner="bob")
    assert listener.wait_end("bob").counts.cached_tokens == 0


def test_forgotten_words_are_in_no_slot_and_others_keep_theirs(start: Start) -> None:
    backend = ScriptedBackend()
    engine, listener = start(backend)
    for owner in ("ann", "bob"):
        submit(engine, owner, f"a secret of {owner}", owner=owner)
        listener.wait_end(owner)
    engine.forget("ann")
    engine.call(lambda: None).result(30)
    held = ["".join(chr(cell.token) for cell in cells) for cells in backend.cells.values()]
    assert not [text for text in held if "ann" in text]
    assert [text for text in held if text.startswith("a secret of bob")]


def test_a_call_runs_on_the_compute_thread_between_two_steps(start: Start) -> None:
    engine, _ = start(ScriptedBackend())
    assert engine.call(lambda: threading.current_thread().name).result(30) == "compute"
    with pytest.raises(ZeroDivisionError):
        engine.call(lambda: 1 // 0).result(30)


def test_of_many_calls_one_comes_between_two_steps_of_a_reply(start: Start) -> None:
    backend = ScriptedBackend(gated=True)
    engine, listener = start(backend)
    submit(engine, "a", "a long reply to look at")
    backend.let(3)
    steps_before = [engine.call(lambda: len(backend.batches)) for _ in range(4)]
    backend.let(100)
    listener.wait_end("a")
    counts = [each.result(30) for each in steps_before]
    assert len(set(counts)) == 4, counts


def test_stop_cancels_what_runs_and_frees_the_model(start: Start) -> None:
    backend = ScriptedBackend(gated=True)
    engine, listener = start(backend)
    submit(engine, "a", "a reply that is cut short")
    backend.let(3)
    listener.wait(lambda: len(listener.text("a")) >= 2)
    backend.let(100)
    engine.stop()
    assert listener.wait_end("a").finish_reason in (FinishReason.CANCELLED, FinishReason.STOP)
    assert backend.is_closed
    with pytest.raises(EngineUnavailable):
        engine.tokenize("x")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            ModelRefused("The file is damaged. Fetch it again."),
            "The file is damaged. Fetch it again.",
        ),
        (RuntimeError("0x7f"), "The model could not be loaded; the log says why."),
    ],
)
def test_a_model_that_cannot_be_loaded_leaves_a_sentence(error: Exception, sentence: str) -> None:
    def load() -> ScriptedBackend:
        raise error

    engine = Engine(load, EngineLimits(**LIMITS))
    engine.start(lambda events: None)
    assert engine.loaded.wait(30)
    assert engine.state is EngineState.FAILED
    with pytest.raises(EngineUnavailable, match=sentence[:20]):
        engine.submit("a", "ann", [1], SamplingParams())
    engine.stop()

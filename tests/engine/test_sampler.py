"""Replies within a grammar, with the real model: their text, their neighbours, their end."""

import ctypes
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_listener import LIMITS, Listener, submit

from appliance.engine.batch import Batch, Row
from appliance.engine.engine import Engine
from appliance.engine.engine_limits import EngineLimits
from appliance.engine.grammar.grammar import compile_grammar
from appliance.engine.grammar.matcher import Matcher
from appliance.engine.llama_backend import LlamaBackend
from appliance.engine.llama_library import llama_cpp
from appliance.engine.llama_loading import BackendSettings
from appliance.engine.sequence import FinishReason, SamplingParams, Sequence
from appliance.engine.slots import Slot
from appliance.json_schema.converter import any_object_gbnf

pytestmark = pytest.mark.model

DIGITS = "root ::= [0-9]{1000}"
"""Not what the model would say, and longer than any test asks for."""
STORY = "Once upon a time, in a small house by the sea, there lived a"
HOSTILE = 'root ::= " " root "b" | " " root "c" | " " | root root | [a-z ] root [a-z ]'


@pytest.fixture(autouse=True)
def empty_cache(llama: LlamaBackend) -> None:
    llama.reset()


def seated(llama: LlamaBackend, slot: int, text: str = STORY, **sampling: Any) -> Sequence:
    params = SamplingParams(**{"temperature": 0, **sampling})
    sequence = Sequence(f"s{slot}", "ann", llama.tokenize(text), params)
    sequence.slot = Slot(slot)
    llama.begin(sequence)
    return sequence


def write(llama: LlamaBackend, sequences: list[Sequence], tokens: int) -> list[str]:
    """The texts that they get together, each until its end."""
    for _ in range(tokens):
        running = [s for s in sequences if not s.is_over]
        if not running:
            break
        sampled = llama.decode(Batch([Row(s, s.computed, s.pending) for s in running]))
        for sequence in running:
            sequence.computed = len(sequence.tokens)
            if llama.is_end(sampled[sequence][0]):
                sequence.finish_reason = FinishReason.STOP
            else:
                sequence.tokens += sampled[sequence]
    for sequence in sequences:
        llama.end(sequence)
    return [
        b"".join(map(llama.token_bytes, s.tokens[s.prompt_tokens :])).decode() for s in sequences
    ]


def test_a_reply_follows_its_grammar_and_ends_with_it(llama: LlamaBackend) -> None:
    sequence = seated(llama, 0, grammar='root ::= "Once" [a-z ]{1,20} "." | "No."')
    (text,) = write(llama, [sequence], 40)
    assert re.fullmatch(r"Once[a-z ]{1,20}\.|No\.", text)
    assert sequence.finish_reason is FinishReason.STOP


@pytest.mark.parametrize(
    "sampling",
    [
        {},
        {"repeat_penalty": 1.3},
        {"temperature": 1.0, "seed": 5},
        {"temperature": 2.0, "seed": 6, "top_k": 0, "top_p": 1.0, "min_p": 0.0},
    ],
)
def test_any_way_of_sampling_stays_within_the_grammar_and_is_repeatable(
    llama: LlamaBackend, sampling: dict[str, Any]
) -> None:
    grammar = 'root ::= "[" ("\\"" [a-z]{3,8} "\\", "){3} "]"'
    texts = []
    for _ in range(2):
        llama.reset()
        texts += write(llama, [seated(llama, 0, grammar=grammar, **sampling)], 60)
    assert len(json.loads(texts[0].replace(", ]", "]"))) == 3
    assert texts[0] == texts[1]


def test_what_a_model_says_by_itself_is_the_same_within_a_grammar_that_allows_it(
    llama: LlamaBackend,
) -> None:
    sampling = {"temperature": 1.0, "seed": 11}
    free, within = (
        write(llama, [seated(llama, slot, grammar=grammar, **sampling)], 16)[0]
        for slot, grammar in enumerate(["", "root ::= .*"])
    )
    assert free == within


def test_other_alphabets_come_whole(llama: LlamaBackend) -> None:
    (text,) = write(llama, [seated(llama, 0, grammar="root ::= [가-힣]{4} [☀-⛿🙂]")], 40)
    assert re.fullmatch("[가-힣]{4}[☀-⛿🙂]", text)


def test_neighbours_without_a_grammar_get_the_same_tokens_as_ever(llama: LlamaBackend) -> None:
    prompts = ["The capital of France is", "One, two, three, four,", STORY, "My favourite thing is"]

    def together(grammar: str) -> list[str]:
        llama.reset()
        grammars = ["", "", grammar, grammar]
        return write(
            llama,
            [seated(llama, n, prompts[n], grammar=grammars[n]) for n in range(4)],
            16,
        )

    free, mixed = together(""), together(DIGITS)
    assert mixed[:2] == free[:2]
    assert all(text.isdecimal() for text in mixed[2:])
    assert not any(text.isdecimal() for text in free)


def test_a_hostile_grammar_leaves_the_steps_short_and_the_reply_within_it(
    llama: LlamaBackend,
) -> None:
    sequence = seated(llama, 0, grammar=HOSTILE, temperature=1.5, seed=3)
    sampler = llama._samplers[sequence]
    assert sampler._matcher is not None
    for _ in range(40):
        before = sampler._matcher.visits
        (token,) = llama.decode(Batch([Row(sequence, sequence.computed, sequence.pending)]))[
            sequence
        ]
        assert sampler._matcher.visits - before < 30_000
        if llama.is_end(token):
            break
        sequence.computed = len(sequence.tokens)
        sequence.tokens.append(token)
    llama.end(sequence)


def test_our_reading_of_a_grammar_is_llama_cpps(llama: LlamaBackend) -> None:
    grammar = any_object_gbnf()
    theirs = llama_cpp.llama_sampler_init_grammar(llama._vocab, grammar.encode(), b"root")
    ours = Matcher(compile_grammar(grammar))
    table = llama._token_table
    ids = np.arange(len(table))
    for token in llama.tokenize('{\n  "näme": ["\\u00e9", -1.5e3, {"x": null}], "b": tru'):
        data = (llama_cpp.llama_token_data * len(ids))(
            *(llama_cpp.llama_token_data(at, 1.0, 0.0) for at in ids.tolist())
        )
        array = llama_cpp.llama_token_data_array(data, len(ids), -1, False)
        llama_cpp.llama_sampler_apply(theirs, ctypes.byref(array))
        allowed = {entry.id for entry in data if entry.logit > 0}
        fitting = {at for at, text in enumerate(table.texts) if ours.fits(text)}
        assert fitting and fitting - allowed == set()
        # There, control tokens count as the text that names them.
        assert all(table.texts[at] == b"" for at in allowed - fitting)
        llama_cpp.llama_sampler_accept(theirs, token)
        ours.accept(table.texts[token])
    llama_cpp.llama_sampler_free(theirs)


@pytest.fixture(scope="module")
def engine(model_path: Path) -> Iterator[tuple[Engine, Listener]]:
    limits = EngineLimits(**LIMITS | {"kv_tokens": 2048})
    settings = BackendSettings(threads=1, seats=limits.seats, kv_tokens=2048, batch_tokens=128)
    engine, listener = Engine(lambda: LlamaBackend(model_path, settings), limits), Listener()
    engine.start(listener.publish)
    engine.loaded.wait(60)
    yield engine, listener
    engine.stop()


def test_replies_with_and_without_a_grammar_are_written_in_the_same_steps(
    engine: tuple[Engine, Listener],
) -> None:
    box, listener = engine
    asked = {"a": any_object_gbnf(), "b": "", "c": DIGITS, "d": ""}

    def submit_all() -> None:
        for name, grammar in asked.items():
            submit(box, name, STORY, owner=name, temperature=0, max_tokens=24, grammar=grammar)

    box.call(submit_all).result(30)
    ends = {name: listener.wait_end(name) for name in asked}
    assert listener.text("a").startswith("{")
    assert listener.text("c").isdecimal()
    assert listener.text("b") == listener.text("d") and not listener.text("b").isdecimal()
    assert ends["c"].finish_reason is FinishReason.LENGTH


def test_a_reply_within_a_grammar_can_be_cancelled_and_its_seat_is_free(
    engine: tuple[Engine, Listener],
) -> None:
    box, listener = engine
    names = [f"cancelled-{n}" for n in range(4)]
    for name in names:
        submit(box, name, STORY, temperature=0, max_tokens=1000, grammar=DIGITS)
    for name in names:
        listener.wait(lambda name=name: listener.text(name) != "")
        box.cancel(name)
    for name in names:
        assert listener.wait_end(name).finish_reason is FinishReason.CANCELLED
    submit(box, "after", STORY, temperature=0, max_tokens=2, grammar='root ::= "yes"')
    assert listener.wait_end("after").finish_reason in (FinishReason.STOP, FinishReason.LENGTH)
    assert "yes".startswith(listener.text("after"))

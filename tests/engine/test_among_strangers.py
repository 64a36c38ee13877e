"""Whether what others say has any part in one's own reply: the real scheduler on the real model.

How many rows go through the model together, and where their cells lie, changes the last digits of
what it computes; what stands in the others' rows must not. So a reply is written twice in steps of
the very same shape, among strangers who say something else, and each of its numbers is compared.
"""

from itertools import accumulate

import pytest
from numpy import array_equal, ctypeslib, float32, ndarray

from appliance.engine.batch import Batch
from appliance.engine.llama_backend import LlamaBackend
from appliance.engine.llama_library import llama_cpp
from appliance.engine.scheduler import Scheduler, SchedulerLimits
from appliance.engine.sequence import SamplingParams, Sequence

pytestmark = pytest.mark.model

MINE = "Once upon a time, in a small house by the sea, there lived"
STRANGERS = (
    "The capital of France is Paris, and the capital of Italy is Rome, and the capital of Spain is",
    "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen",
    "import sys; print(sys.argv[1:], len(sys.argv), file=sys.stderr); sys.exit(3); # that is the",
)
OTHERS = tuple(text[::-1] for text in STRANGERS)
REPLY_TOKENS, STRANGERS_TOKENS = 24, 16
PREFILL_TOKENS = 20

Numbers = list[ndarray]


@pytest.fixture(autouse=True)
def empty_cache(llama: LlamaBackend) -> None:
    llama.reset()


def asked(llama: LlamaBackend, name: str, text: str, tokens: int, reply: int) -> Sequence:
    """A prompt of so many tokens by a person of their own."""
    prompt = (llama.tokenize(text) * tokens)[:tokens]
    return Sequence(name, name, prompt, SamplingParams(temperature=0, max_tokens=reply))


def written(llama: LlamaBackend, sequences: list[Sequence]) -> tuple[list[int], Numbers]:
    """What the first of them got, and the logits of each of its tokens."""
    scheduler = Scheduler(SchedulerLimits(len(sequences), len(sequences), 512, 512, 8))
    mine, numbers = sequences[0], []
    for sequence in sequences:
        scheduler.add(sequence)
    while not mine.is_over:
        for admission in scheduler.admit():
            llama.begin(admission.sequence)
            seat = admission.seat
            assert seat.count == 0, "strangers share nothing"
            scheduler.seat(admission, llama.keep(seat.slot, 0))
        batch = scheduler.next_batch(PREFILL_TOKENS)
        sampled = llama.decode(batch)
        if mine in sampled:
            numbers.append(logits(llama, last_of(mine, batch)))
        scheduler.apply(batch, sampled, lambda token: False)
    for sequence in sequences:
        llama.end(sequence)
    return mine.tokens[mine.prompt_tokens :], numbers


def last_of(sequence: Sequence, batch: Batch) -> int:
    """Where in the batch its newest token is."""
    ends = accumulate(row.count for row in batch.rows)
    return next(
        end - 1 for row, end in zip(batch.rows, ends, strict=True) if row.sequence is sequence
    )


def logits(llama: LlamaBackend, index: int) -> ndarray:
    pointer = llama_cpp.llama_get_logits_ith(llama._context, index)
    size = llama_cpp.llama_vocab_n_tokens(llama._vocab)
    return ctypeslib.as_array(pointer, (size,)).astype(float32, copy=True)


def crowd(llama: LlamaBackend, texts: tuple[str, ...]) -> list[Sequence]:
    mine = asked(llama, "me", MINE, 15, REPLY_TOKENS)
    return [
        mine,
        *(asked(llama, f"stranger {i}", t, 40, STRANGERS_TOKENS) for i, t in enumerate(texts)),
    ]


def test_what_strangers_say_changes_not_one_digit_of_a_reply(llama: LlamaBackend) -> None:
    tokens, numbers = written(llama, crowd(llama, STRANGERS))
    llama.reset()
    again, others = written(llama, crowd(llama, OTHERS))
    assert again == tokens and len(tokens) == REPLY_TOKENS
    assert all(map(array_equal, numbers, others))


def test_alone_a_reply_differs_by_rounding_at_most(llama: LlamaBackend) -> None:
    _, numbers = written(llama, crowd(llama, STRANGERS))
    llama.reset()
    _, alone = written(llama, crowd(llama, ()))
    # The first token's alone: from there on both may go ways of their own.
    assert abs(numbers[0] - alone[0]).max() < 0.5 < numbers[0].std()
    assert numbers[0].argmax() == alone[0].argmax()

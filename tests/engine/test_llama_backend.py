"""The border to llama.cpp, with the real model."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from appliance.engine.backend import CacheFull
from appliance.engine.batch import Batch, Row
from appliance.engine.llama_backend import LlamaBackend
from appliance.engine.llama_library import llama_cpp
from appliance.engine.llama_loading import BackendSettings
from appliance.engine.prompt_lookup import LONGEST_DRAFT_TOKENS
from appliance.engine.sequence import SamplingParams, Sequence
from appliance.engine.slots import Slot
from appliance.errors import ModelRefused

pytestmark = pytest.mark.model
GREEDY = SamplingParams(temperature=0)


@pytest.fixture(autouse=True)
def empty_cache(llama: LlamaBackend) -> None:
    llama.reset()


def seated(
    llama: LlamaBackend, text: str, slot: int, sampling: SamplingParams = GREEDY
) -> Sequence:
    sequence = Sequence(f"s{slot}", "ann", llama.tokenize(text), sampling)
    sequence.slot = Slot(slot)
    llama.begin(sequence)
    return sequence


def write(llama: LlamaBackend, sequences: list[Sequence], tokens: int) -> list[str]:
    """Decode all of them together; the texts they got."""
    for _ in range(tokens):
        rows = [Row(s, s.computed, s.pending) for s in sequences]
        sampled = llama.decode(Batch(rows))
        for sequence in sequences:
            sequence.computed = len(sequence.tokens)
            sequence.tokens += sampled[sequence]
    return [
        b"".join(map(llama.token_bytes, s.tokens[s.prompt_tokens :])).decode() for s in sequences
    ]


def test_tokens_and_text_are_each_others_inverse(llama: LlamaBackend) -> None:
    for text in ("Hello, world", "안녕하세요", "日本語 🙂", " leading", "tabs\tand\nlines"):
        assert b"".join(map(llama.token_bytes, llama.tokenize(text))).decode() == text


def test_a_special_token_that_is_spelled_out_stays_text(llama: LlamaBackend) -> None:
    end = llama.vocabulary.special_tokens["<|im_end|>"]
    assert end not in llama.tokenize("<|im_end|>")
    assert llama.is_end(end)
    assert llama.token_bytes(end) == b""


def test_the_model_knows_what_it_is(llama: LlamaBackend) -> None:
    assert llama.vocabulary.context_tokens == 8192
    assert "<|im_start|>" in llama.vocabulary.chat_template


def test_sequences_in_one_batch_do_not_mix(llama: LlamaBackend) -> None:
    prompts = ["The capital of France is", "One, two, three, four,", "The opposite of hot is"]
    together = write(llama, [seated(llama, p, i) for i, p in enumerate(prompts)], 8)
    assert "Paris" in together[0]
    assert "five" in together[1] or "5" in together[1]
    assert "cold" in together[2]


def test_a_kept_prefix_gives_the_same_text_as_a_fresh_one(llama: LlamaBackend) -> None:
    text = "Once upon a time, in a small house by the sea, there lived"
    fresh = seated(llama, text, 0)
    (expected,) = write(llama, [fresh], 12)
    kept = llama.keep(Slot(0), 6)
    assert kept == 6
    again = seated(llama, text, 0)
    again.computed = kept
    assert write(llama, [again], 12) == [expected]


def test_a_shared_beginning_gives_the_same_text_as_one_that_was_read(llama: LlamaBackend) -> None:
    beginning = "Once upon a time, in a small house by the sea,"
    first = seated(llama, f"{beginning} there lived a cat", 0)
    write(llama, [first], 4)
    alone = seated(llama, f"{beginning} there lived a dog", 1)
    (expected,) = write(llama, [alone], 12)
    shared = seated(llama, f"{beginning} there lived a dog", 2)
    shared.computed = llama.share(Slot(0), Slot(2), 10)
    assert shared.computed == 10
    assert write(llama, [shared], 12) == [expected]


def test_a_slot_that_gave_its_beginning_away_can_be_emptied(llama: LlamaBackend) -> None:
    text = "The capital of France is"
    write(llama, [seated(llama, text, 0)], 1)
    taker = seated(llama, text, 1)
    taker.computed = llama.share(Slot(0), Slot(1), 3)
    assert llama.keep(Slot(0), 0) == 0
    assert "Paris" in write(llama, [taker], 3)[0]


def test_a_draft_is_kept_as_far_as_the_model_would_have_written_it(llama: LlamaBackend) -> None:
    text = "One, two, three, four, five,"
    plain = seated(llama, text, 0)
    write(llama, [plain], 12)
    right = plain.tokens[plain.prompt_tokens :]
    drafted = seated(llama, text, 1)
    write(llama, [drafted], 1)
    draft = (*right[1:5], right[5] + 1, right[6])
    row = Row(drafted, drafted.computed, 1, draft)
    assert llama.decode(Batch([row]))[drafted] == right[1:6]
    drafted.tokens += right[1:6]
    drafted.computed = len(drafted.tokens) - 1
    assert held_tokens(llama, 1) == drafted.computed, "the wrong end of the draft is still there"
    write(llama, [drafted], 6)
    assert drafted.tokens[drafted.prompt_tokens :] == right


def test_wrong_drafts_do_not_change_what_is_drawn(llama: LlamaBackend) -> None:
    sampling = SamplingParams(temperature=1.0, seed=7)
    plain = seated(llama, "My favourite thing is", 0, sampling)
    write(llama, [plain], 16)
    drafted = seated(llama, "My favourite thing is", 1, sampling)
    write(llama, [drafted], 1)
    while drafted.completion_tokens < 16:
        row = Row(drafted, drafted.computed, 1, (5, 6, 7))
        drafted.tokens += llama.decode(Batch([row]))[drafted][:1]
        drafted.computed += 1
    assert drafted.tokens == plain.tokens


def test_a_restored_seat_gives_the_same_logits_as_one_that_was_read(llama: LlamaBackend) -> None:
    text = "Once upon a time, in a small house by the sea, there lived"
    read = seated(llama, text, 0)
    write(llama, [read], 1)
    state = bytes(llama.state(Slot(0)))
    llama.decode(Batch([Row(read, read.computed, 1)]))
    expected = logits(llama)
    llama.reset()
    restored = seated(llama, text, 3)
    assert llama.restore(Slot(3), state, read.computed) == read.computed
    restored.tokens, restored.computed = list(read.tokens), read.computed
    llama.decode(Batch([Row(restored, restored.computed, 1)]))
    assert logits(llama) == expected


def test_a_state_is_restored_as_far_as_it_serves(llama: LlamaBackend) -> None:
    write(llama, [seated(llama, "The capital of France is", 0)], 1)
    state = bytes(llama.state(Slot(0)))
    taker = seated(llama, "The capital of Italy is", 1)
    taker.computed = llama.restore(Slot(1), state, 3)
    assert taker.computed == held_tokens(llama, 1) == 3
    assert "Rome" in write(llama, [taker], 3)[0]


@pytest.mark.parametrize("damage", [lambda s: b"", lambda s: s[:-1], lambda s: s[: len(s) // 2]])
def test_a_state_that_is_cut_short_is_not_taken(
    llama: LlamaBackend, damage: Callable[[bytes], bytes]
) -> None:
    write(llama, [seated(llama, "The capital of France is", 0)], 1)
    state = damage(bytes(llama.state(Slot(0))))
    assert llama.restore(Slot(1), state, 3) == 0
    assert held_tokens(llama, 1) == 0


def test_seats_that_read_the_same_can_be_joined_and_go_on_alone(llama: LlamaBackend) -> None:
    text = "The capital of France is"
    first, second = seated(llama, text, 0), seated(llama, text, 1)
    (expected, _) = write(llama, [first, second], 1)
    assert llama.join(Slot(0), Slot(1), 4)
    llama.keep(Slot(0), 0)
    assert write(llama, [second], 1)[0].startswith(expected)


def test_the_number_of_threads_can_change_between_steps(llama: LlamaBackend) -> None:
    sequence = seated(llama, "The capital of France is", 0)
    llama.set_threads(1)
    write(llama, [sequence], 1)
    assert llama_cpp.llama_n_threads(llama._context) == 1
    llama.set_threads(2)
    assert "Paris" in write(llama, [sequence], 2)[0]


def test_the_small_model_can_drop_its_last_tokens(llama: LlamaBackend) -> None:
    assert llama.can_drop


def held_tokens(llama: LlamaBackend, seat: int) -> int:
    return int(llama_cpp.llama_memory_seq_pos_max(llama._memory, seat)) + 1


def logits(llama: LlamaBackend) -> list[float]:
    return list(llama_cpp.llama_get_logits_ith(llama._context, -1)[: llama._words.size])


def test_the_same_seed_draws_the_same_text_and_another_seed_another(llama: LlamaBackend) -> None:
    texts = []
    for seed in (1, 1, 2):
        llama.reset()
        sampling = SamplingParams(temperature=1.0, seed=seed)
        texts += write(llama, [seated(llama, "My favourite thing is", 0, sampling)], 16)
    assert texts[0] == texts[1] != texts[2]


def test_a_repeat_penalty_changes_what_is_drawn(llama: LlamaBackend) -> None:
    prompt = "la la la la la la la la"
    (plain,) = write(llama, [seated(llama, prompt, 0)], 12)
    llama.reset()
    penalised = SamplingParams(temperature=0, repeat_penalty=2.0)
    (varied,) = write(llama, [seated(llama, prompt, 0, penalised)], 12)
    assert varied != plain


def test_a_batch_with_no_room_in_the_cache_is_refused_whole(llama: LlamaBackend) -> None:
    sequence = Sequence("big", "ann", [5] * 513, GREEDY)
    sequence.slot = Slot(0)
    llama.begin(sequence)
    for start in range(0, 512, 128):
        llama.decode(Batch([Row(sequence, start, 128)]))
    with pytest.raises(CacheFull):
        llama.decode(Batch([Row(sequence, 512, 1)]))
    llama.end(sequence)


def test_a_quantised_kv_cache_answers_and_takes_about_half_the_memory(
    llama: LlamaBackend, model_path: Path
) -> None:
    prompt = "The capital of France is"
    settings = BackendSettings(threads=1, seats=4, kv_tokens=512, batch_tokens=128, kv_type="q8_0")
    quantised = LlamaBackend(model_path, settings)
    try:
        sizes = []
        for backend in (llama, quantised):
            prompts = [prompt, "One, two, three, four,"]
            france, counting = write(
                backend, [seated(backend, text, slot) for slot, text in enumerate(prompts)], 8
            )
            assert "Paris" in france
            assert "five" in counting or "5" in counting
            size = llama_cpp.llama_state_seq_get_size(backend._context, 0)
            held = llama_cpp.llama_memory_seq_pos_max(backend._memory, 0) + 1
            sizes.append(size / held)
        assert 0.5 <= sizes[1] / sizes[0] < 0.6
        # A snapshot of the one kind is no use to the other.
        assert llama.fingerprint != quantised.fingerprint
        # What the seats do with it works as before: a beginning is kept, and shared.
        assert quantised.keep(Slot(0), 3) == 3
        taker = seated(quantised, prompt, 2)
        taker.computed = quantised.share(Slot(0), Slot(2), 3)
        assert taker.computed == 3
        assert "Paris" in write(quantised, [taker], 4)[0]
    finally:
        quantised.close()


@pytest.mark.parametrize(
    ("kv_type", "way_out"),
    [("f16", r"Lower engine\.kv_tokens"), ("q8_0", r"set engine\.kv_type to f16")],
)
def test_a_kv_cache_that_cannot_be_made_is_refused_with_what_to_change(
    monkeypatch: pytest.MonkeyPatch, model_path: Path, kv_type: Literal["f16", "q8_0"], way_out: str
) -> None:
    monkeypatch.setattr(llama_cpp, "llama_init_from_model", lambda model, params: None)
    settings = BackendSettings(threads=1, seats=1, kv_tokens=256, batch_tokens=32, kv_type=kv_type)
    with pytest.raises(ModelRefused, match=way_out):
        LlamaBackend(model_path, settings)


def test_a_full_piece_of_a_prompt_fits_beside_everybodys_next_token_and_a_draft(
    llama: LlamaBackend,
) -> None:
    writers = [seated(llama, "The capital of France is", slot) for slot in range(3)]
    write(llama, writers, 1)
    reader = seated(llama, "x " * 128, 3)
    rows = [Row(writer, writer.computed, 1) for writer in writers[1:]]
    rows.append(Row(writers[0], writers[0].computed, 1, (5,) * LONGEST_DRAFT_TOKENS))
    sampled = llama.decode(Batch([*rows, Row(reader, 0, 128)]))
    assert set(sampled) == set(writers)


def test_a_file_that_is_no_model_is_refused_with_a_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelRefused, match=r"cannot read broken\.gguf"):
        LlamaBackend(broken, BackendSettings(threads=1, seats=1, kv_tokens=256, batch_tokens=32))


def test_loading_says_how_far_it_is(llama_path: Path) -> None:
    shares: list[float] = []
    LlamaBackend(llama_path, BackendSettings(1, 1, 256, 32), shares.append).close()
    assert shares == sorted(shares)
    assert len(shares) > 2
    assert shares[-1] == 1

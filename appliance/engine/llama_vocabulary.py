"""The vocabulary of a loaded model, for comparing it with another one."""

from typing import Any

from appliance.engine.draft_vocabulary import TokenTexts
from appliance.engine.llama_library import llama_cpp


def token_texts(vocab: Any) -> TokenTexts:
    """Read a llama_vocab; it takes some tenths of a second for a large one."""
    adds_first = llama_cpp.llama_vocab_get_add_bos(vocab)
    adds_last = llama_cpp.llama_vocab_get_add_eos(vocab)
    return TokenTexts(
        kind=llama_cpp.llama_vocab_type(vocab),
        first=llama_cpp.llama_vocab_bos(vocab) if adds_first else None,
        last=llama_cpp.llama_vocab_eos(vocab) if adds_last else None,
        texts=tuple(
            llama_cpp.llama_vocab_get_text(vocab, token)
            for token in range(llama_cpp.llama_vocab_n_tokens(vocab))
        ),
    )

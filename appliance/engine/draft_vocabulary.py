"""Whether a draft model speaks the language of the big one, token for token. Pure.

The same rule as in llama.cpp's own speculative decoding: a family's models differ at most in how
far their vocabulary is filled up, and in the first few control tokens.
"""

from dataclasses import dataclass

_MOST_DIFFERENCE = 128
_FIRST_COMPARED = 5


@dataclass(frozen=True, slots=True)
class TokenTexts:
    """A vocabulary: its kind as llama.cpp numbers it, which tokens it puts before and after a text
    by itself (None: none), and the text of every token.
    """

    kind: int
    first: int | None
    last: int | None
    texts: tuple[bytes, ...]


def mismatch(main: TokenTexts, draft: TokenTexts) -> str | None:
    """The end of the sentence "its vocabulary ...", or None when the draft model fits."""
    if main.kind != draft.kind:
        return "is of another kind than the model's"
    if (main.first, main.last) != (draft.first, draft.last):
        return "begins or ends a text with other tokens than the model's"
    if abs(len(main.texts) - len(draft.texts)) > _MOST_DIFFERENCE:
        return f"has {len(draft.texts)} tokens and the model's {len(main.texts)}"
    pairs = list(zip(main.texts, draft.texts, strict=False))[_FIRST_COMPARED:]
    for token, (theirs, ours) in enumerate(pairs, start=_FIRST_COMPARED):
        if theirs != ours:
            return f"has another text for token {token} than the model's"
    return None

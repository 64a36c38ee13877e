import pytest

from appliance.engine.draft_vocabulary import TokenTexts, mismatch

TEXTS = tuple(f"word{token}".encode() for token in range(1000))
MAIN = TokenTexts(kind=2, first=1, last=None, texts=TEXTS)


@pytest.mark.parametrize(
    "draft",
    [
        MAIN,
        TokenTexts(2, 1, None, TEXTS[:900]),
        TokenTexts(2, 1, None, TEXTS + (b"[PAD]",) * 128),
        TokenTexts(2, 1, None, (b"<unk>", b"<s>", *TEXTS[2:])),
    ],
)
def test_a_vocabulary_of_the_same_family_fits(draft: TokenTexts) -> None:
    assert mismatch(MAIN, draft) is None
    assert mismatch(draft, MAIN) is None


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (TokenTexts(1, 1, None, TEXTS), "is of another kind"),
        (TokenTexts(2, 0, None, TEXTS), "begins or ends a text"),
        (TokenTexts(2, None, None, TEXTS), "begins or ends a text"),
        (TokenTexts(2, 1, 5, TEXTS), "begins or ends a text"),
        (TokenTexts(2, 1, None, TEXTS[:871]), r"has 871 tokens and the model's 1000"),
        (TokenTexts(2, 1, None, (*TEXTS[:700], b"x", *TEXTS[701:])), "text for token 700"),
        (TokenTexts(2, 1, None, (*TEXTS[:5], b"x", *TEXTS[6:])), "text for token 5"),
    ],
)
def test_another_vocabulary_is_named(draft: TokenTexts, reason: str) -> None:
    assert reason in str(mismatch(MAIN, draft))

"""What is shown of a long text, and what of it is marked."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.conversations.excerpts import LENGTH, excerpt
from appliance.recall.tokens import sought_by


def shown(text, question):
    """The excerpt with its matches in brackets."""
    pieces = excerpt(text, sought_by(question).runs)
    return "".join(f"[{piece.text}]" if piece.is_match else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        ("The keeper of the light.", "keeper", "The [keeper] of the light."),
        ("The keeper keeps his keep.", "keep", "The [keeper] [keeps] his [keep]."),
        ("A story, stories", "stories", "A [story], [stories]"),
        ("I was running; I run", "run", "I was [running]; I [run]"),
        ("ÉCOLE normale", "ecole", "[ÉCOLE] normale"),
        ("Ｆｕｌｌ width", "full", "[Ｆｕｌｌ] width"),
        ("Straße 5", "strasse", "[Straße] 5"),
        ("도서관에서 만나요", "서관", "도[서관]에서 만나요"),
        ("東京タワーと東京駅", "東京", "[東京]タワーと[東京]駅"),
        ("서울서울", "서울", "[서울서울]"),
        ("one\n\n  two\tthree", "two", "one [two] three"),
        ("nothing of it", "elsewhere", "nothing of it"),
        ("e\u0301cole", "école", "[école]"),
        ("", "x", ""),
        ("🎉 party 🎉", "party", "🎉 [party] 🎉"),
        ("ﬁne and ﬁnal", "fine", "[ﬁne] and ﬁnal"),
    ],
)
def test_the_words_looked_for_are_marked(text, question, expected):
    assert shown(text, question) == expected


def test_of_a_long_text_the_part_with_the_words_is_shown():
    text = "before " * 500 + "the lighthouse stands " + "after " * 500
    result = shown(text, "lighthouse")
    assert "[lighthouse]" in result
    assert result.startswith("…before ")
    assert result.endswith("…")
    assert len(result) < LENGTH + 30


def test_markup_in_a_text_stays_text_in_pieces():
    pieces = excerpt("<mark>x</mark> <script>mark</script>", sought_by("mark").runs)
    assert "".join(piece.text for piece in pieces) == "<mark>x</mark> <script>mark</script>"
    assert [piece.text for piece in pieces if piece.is_match] == ["mark"] * 3


@given(st.text(max_size=600), st.text(max_size=40))
def test_an_excerpt_is_a_stretch_of_the_text_whatever_is_in_it(text, question):
    pieces = excerpt(text, sought_by(question).runs)
    together = "".join(piece.text for piece in pieces)
    assert all(piece.text for piece in pieces)
    assert together.strip("…") in " ".join(normalize("NFC", text).split())
    assert together.count("\n") == 0
    assert len(together) <= LENGTH + 2

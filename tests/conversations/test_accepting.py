import pytest

from appliance.conversations.accepting import accepted_content, accepted_title, title_of
from appliance.errors import InvalidInput


def test_line_ends_are_unified_and_nothing_else_is_touched() -> None:
    assert accepted_content("  a\r\nb\rc\t\n", 100) == "  a\nb\nc\t\n"


def test_the_limit_counts_characters_and_not_bytes() -> None:
    assert accepted_content("한" * 100, 100) == "한" * 100
    with pytest.raises(InvalidInput, match="101 characters; at most 100"):
        accepted_content("한" * 101, 100)


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("Hello", "Hello"),
        ("\n\n  First line \nsecond", "First line"),
        ("word " * 30, "word word word word word word word word word word word word…"),
        ("한" * 100, "한" * 60 + "…"),
        ("x" * 61, "x" * 60 + "…"),
        ("\x1b", "…"),
    ],
)
def test_a_title_is_the_first_line_shortened_at_a_word(content: str, title: str) -> None:
    assert title_of(content) == title
    assert accepted_title(title) == title


def test_a_title_has_no_control_characters() -> None:
    assert title_of("a\tb\x1b[31mc") == "a b [31mc"

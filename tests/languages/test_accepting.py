import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.languages.accepting import preferred

OURS = ["en", "ko", "ja", "de"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
        ("de-CH", "de"),
        ("DE", "de"),
        ("ja;q=0.3, de;q=0.8", "de"),
        ("fr, ja;q=0.5", "ja"),
        ("fr,it", None),
        ("", None),
        ("*", "en"),
        ("fr, *;q=0.1", "en"),
        ("en;q=0, *", "ko"),
        ("de;q=0, fr", None),
        ("de-DE, de;q=0, ko;q=0.1", "ko"),
        ("zh-Hant-TW, ko", "ko"),
        ("deutsch, ko", "ko"),
        ("de;q=2, ko", "ko"),
        ("de;q=x, ko;q=0.1", "ko"),
        (",,, ;q=1, ko", "ko"),
    ],
)
def test_the_wanted_language_that_we_have_is_taken(header, code):
    assert preferred(header, OURS) == code


def test_of_two_that_are_wanted_alike_the_first_is_taken():
    assert preferred("ja,ko", OURS) == "ja"
    assert preferred("ko,ja", OURS) == "ko"


@given(st.text())
def test_any_header_is_read(header):
    assert preferred(header, OURS) in (*OURS, None)


def test_a_header_without_end_is_not_read_to_its_end():
    assert preferred("fr," * 100_000 + "ko", OURS) is None

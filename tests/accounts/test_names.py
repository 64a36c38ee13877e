"""What may be a name, and which two are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts.names import LONGEST, account_name, name_key
from appliance.errors import InvalidInput


@pytest.mark.parametrize(
    "name",
    [
        "Ann",
        "김민수",
        "山田 太郎",
        "たろうTaro",
        "Łukasz",
        "O'Neill",
        "José-María",
        "Иван",
        "李 Lee 2",
    ],
)
def test_names_of_many_languages_are_taken_as_they_are(name: str) -> None:
    assert account_name(name) == name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  Ann  ", "Ann"), ("Ａｎｎ", "Ann"), ("Ann   B", "Ann B"), ("e\u0301", "é")],
)
def test_a_name_is_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert account_name(typed) == kept


@pytest.mark.parametrize(
    "name",
    [
        "Ann\u202eb",
        "\u200fAnn",
        "An\u200bn",
        "An\u00adn",
        "Ann\x00",
        "An\nn",
        "Ann\ud800",
        "Ann\ue000",
        "\u2066Ann\u2069",
    ],
)
def test_what_cannot_be_seen_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be seen"):
        account_name(name)


@pytest.mark.parametrize("name", ["Аnn", "pаypal", "αnn", "Ann김Иван"])
def test_alphabets_that_look_alike_are_not_mixed(name: str) -> None:
    with pytest.raises(InvalidInput, match="alphabets"):
        account_name(name)


@pytest.mark.parametrize("name", ["", "   ", "-.-", "a" * (LONGEST + 1), "x" * 100_000])
def test_a_name_has_one_to_forty_letters(name: str) -> None:
    with pytest.raises(InvalidInput):
        account_name(name)


@pytest.mark.parametrize("name", ["<b>Ann", "Ann@home", "a/b", "Ann 🙂", "a\\b", 'a"b'])
def test_signs_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        account_name(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ann", "ANN"), ("Straße", "STRASSE"), ("Ａnn", "ann"), ("cop", "сор"), ("Иван", "иван")],
)
def test_names_that_could_be_taken_for_each_other_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@given(st.text(max_size=60))
def test_every_name_is_kept_or_refused_with_a_sentence_and_keeps_its_key(typed: str) -> None:
    try:
        name = account_name(typed)
    except InvalidInput as refusal:
        assert str(refusal).endswith(".")
        return
    assert account_name(name) == name
    assert name.isprintable() and 0 < len(name) <= LONGEST
    assert name_key(typed) == name_key(name) == name_key(name_key(name))

"""Text as terms: the same for all ways to write the same, and findable without spaces."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.recall.tokens import MOST_WORDS, fold, runs_of, sought_by, terms_of


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The Lighthouse, 1927.", "the lighthouse 1927"),
        ("ÉCOLE école e\u0301cole", "ecole ecole ecole"),
        ("STRASSE Straße", "strasse strasse"),
        ("ＦＵＬＬ　ｗｉｄｔｈ", "full width"),
        ("snake_case don't", "snake case don t"),
        ("도서관", "도서 서관 관"),
        ("집", "집"),
        ("도서관에서 iPhone15를", "도서 서관 관에 에서 서 iphone15 를"),
        ("\u1103\u1169\u1109\u1165", "도서 서"),
        ("東京タワー", "東京 京タ タワ ワー ー"),
        ("ｶﾞｽ", "ガス ス"),
        ("人々", "人々 々"),
        ("🎉 ... \0 \t\n", ""),
        ("", ""),
    ],
)
def test_a_text_becomes_terms(text, terms):
    assert terms_of(text) == terms


def test_a_key_of_a_thousand_letters_is_one_short_term():
    assert terms_of("a" * 1000) == "a" * 64


@pytest.mark.parametrize(
    ("question", "match"),
    [
        ("lighthouse keeper", '"lighthouse" AND "keeper"'),
        ("the keeper of the lighthouse", '"keeper" AND "lighthouse"'),
        ("to be or not to be", '"to" AND "be" AND "or" AND "not"'),
        ("keeper KEEPER Keeper", '"keeper"'),
        ("도서관", '"도서 서관"'),
        ("서울 맛집", '"서울" AND "맛집"'),
        ("집", '"집" *'),
        ('"a b" NEAR(c, 2) d* ^e -f {terms}: (g', None),
    ],
)
def test_a_question_becomes_quoted_words(question, match):
    found = sought_by(question).all_of_it
    if match is not None:
        assert found == match
    # Between quotes there are letters and digits, and outside nothing but our own operators.
    outside = [part.strip() for part in found.split('"')[::2]]
    assert set(outside) <= {"", "AND", "*", "* AND"}


def test_any_of_the_words_will_do_when_it_is_asked_for():
    assert sought_by("keeper 등대").any_of_it == '"keeper" OR "등대"'


@pytest.mark.parametrize("question", ["", "   ", "?!...", '"', "*", "🎉🎉", "_", "\0", "( ) : ^ -"])
def test_a_question_without_a_word_asks_for_nothing(question):
    assert sought_by(question).runs == ()


def test_a_very_long_question_is_cut_and_says_so():
    sought = sought_by(" ".join(f"word{number}" for number in range(1000)))
    assert len(sought.runs) == MOST_WORDS
    assert sought.is_cut
    assert len(sought_by("한" * 5000).all_of_it) < 400


@given(st.text())
def test_whatever_is_in_a_text_its_terms_hold_no_operator_and_are_made_once(text):
    terms = terms_of(text)
    assert not set(terms) & set(string.punctuation + "\n\t\0")
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters(categories=["L", "N", "M", "Zs", "So"])), st.data())
def test_a_run_is_found_by_any_stretch_of_it(text, data):
    """What FTS5 does with a phrase, done by hand: its terms stand in a row."""
    runs = [run.text for run in runs_of(fold(text)) if run.is_unspaced]
    for run in runs[:3]:
        start = data.draw(st.integers(0, len(run) - 1))
        end = data.draw(st.integers(start + 1, len(run)))
        for sought in sought_by(run[start : min(end, start + 60)]).runs:
            match = sought_by(sought.text).all_of_it
            terms = f" {terms_of(text)} "
            if match.endswith("*"):
                assert f" {match[1]}" in terms
            else:
                assert f" {match[1:-1]} " in terms


def test_text_in_any_unspaced_script_of_the_basic_plane_and_beyond_is_cut():
    for text in ("漢字", "かな", "カナ", "한글", "𠀀𠀁"):
        assert terms_of(text) == f"{text} {text[-1]}"

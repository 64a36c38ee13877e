from datetime import UTC, date, datetime

import pytest

from appliance.languages.languages import read_languages
from appliance.paths import LOCALE
from appliance.sentences import number, said_before, say, say_counted, value_in

LANGUAGES = read_languages(LOCALE)
SATURDAY = date(2026, 11, 21)
EVENING = datetime(2026, 11, 21, 21, 5, tzinfo=UTC)


def language(code):
    found = LANGUAGES.named(code)
    assert found is not None
    return found


def test_each_is_called_as_its_speakers_call_it():
    assert [each.name for each in LANGUAGES] == ["English", "한국어", "日本語", "Deutsch"]


@pytest.mark.parametrize(
    ("code", "day", "with_year"),
    [
        ("en", "Saturday, 21 November", "Saturday, 21 November 2026"),
        ("ko", "11월 21일 토요일", "2026년 11월 21일 토요일"),
        ("ja", "11月21日土曜日", "2026年11月21日土曜日"),
        ("de", "Samstag, 21. November", "Samstag, 21. November 2026"),
    ],
)
def test_days_are_written_as_each_language_writes_them(code, day, with_year):
    assert language(code).day(SATURDAY, with_year=False) == day
    assert language(code).day(SATURDAY, with_year=True) == with_year


@pytest.mark.parametrize(
    ("code", "clock"), [("en", "21:05"), ("ko", "오후 9:05"), ("ja", "21:05"), ("de", "21:05")]
)
def test_so_are_times(code, clock):
    assert language(code).clock(EVENING) == clock


@pytest.mark.parametrize(
    ("code", "words"),
    [("en", "12,345.7"), ("ko", "12,345.7"), ("ja", "12,345.7"), ("de", "12.345,7")],
)
def test_so_are_numbers(code, words):
    assert value_in(number(12345.67, 1), language(code)) == words


@pytest.mark.parametrize(
    ("code", "one", "many"),
    [
        ("en", "1 message", "1,200 messages"),
        ("ko", "메시지 1개", "메시지 1,200개"),
        ("ja", "メッセージ1件", "メッセージ1,200件"),
        ("de", "1 Nachricht", "1.200 Nachrichten"),
    ],
)
def test_so_are_plurals(code, one, many):
    for num, words in ((1, one), (1_200, many)):
        sentence = say_counted("%(num)s message", "%(num)s messages", num)
        assert sentence.said_in(language(code)) == words


def test_a_sentence_out_of_the_database_is_said_anew():
    kept = say(
        "This message has %(count)s tokens, and the model can read %(most)s at once. Shorten it or "
        "send it in parts.",
        count=12_345,
        most=4_096,
    )
    said = value_in(said_before(str(kept)), language("de"))
    assert "12.345 Token" in str(said) and "4.096" in str(said)
    assert value_in(said_before(str(kept)), language("en")) == str(kept)


def test_what_is_not_ours_is_not_touched():
    assert value_in(said_before("Segmentation fault (core dumped)"), language("ko")) == (
        "Segmentation fault (core dumped)"
    )


def test_the_choice_goes_before_the_browser_and_english_comes_last():
    assert LANGUAGES.best("ja", "ko").code == "ja"
    assert LANGUAGES.best("", "ko-KR,en;q=0.5").code == "ko"
    assert LANGUAGES.best("tlh", "fr").code == "en"


def test_nothing_is_nothing_in_every_language():
    assert [each.text("") for each in LANGUAGES] == [""] * 4

from datetime import date, datetime

import pytest

from appliance.errors import InvalidInput
from appliance.sentences import Words, number, row, said_before, say, say_counted, value_in


class Shouting:
    """A language in which everything is louder."""

    def text(self, message: str) -> str:
        return message.upper().replace("%(COUNT)S", "%(count)s").replace("%(WHO)S", "%(who)s")

    def counted(self, one: str, many: str, num: int) -> str:
        return (one if num == 1 else many).upper().replace("%(NUM)S", "%(num)s")

    def number(self, value: float, digits: int) -> str:
        return f"<{value:.{digits}f}>"

    def day(self, day: date, *, with_year: bool) -> str:
        return day.isoformat()

    def clock(self, at: datetime) -> str:
        return at.isoformat()

    def again(self, english: str) -> str:
        return f"again: {english}"


LOUD = Shouting()


def test_a_sentence_is_its_english_text():
    sentence = say("The message has %(count)s characters.", count=12_000)
    assert sentence == "The message has 12,000 characters."
    assert f"{sentence}" == str(sentence) == "The message has 12,000 characters."
    assert type(str(sentence)) is str


def test_a_sentence_is_said_in_another_language_with_its_values():
    sentence = say("%(who)s has %(count)s.", who="Ann", count=12_000)
    assert sentence.said_in(LOUD) == "Ann HAS <12000>."


def test_a_sentence_may_hold_another_one():
    inner = say_counted("%(num)s thing", "%(num)s things", 2)
    outer = say("Ann has %(count)s.", count=inner)
    assert outer == "Ann has 2 things."
    assert outer.said_in(LOUD) == "ANN HAS <2> THINGS."


@pytest.mark.parametrize(
    ("num", "words"), [(1, "1 thing"), (0, "0 things"), (1_000, "1,000 things")]
)
def test_one_and_several_are_different_sentences(num, words):
    assert say_counted("%(num)s thing", "%(num)s things", num) == words


def test_a_percent_sign_is_written_twice_and_read_once():
    assert say("half is %(count)s %%", count=50) == "half is 50 %"


def test_numbers_keep_their_digits():
    assert number(1234.56, 1) == "1,234.6"
    assert number(1234.56, 1).said_in(LOUD) == "<1234.6>"


def test_words_in_a_row_are_each_said_for_themselves():
    words = row([say("one"), "a name", number(2, 0)])
    assert words == "one · a name · 2"
    assert words.said_in(LOUD) == "ONE · a name · <2>"


def test_what_was_kept_without_its_origin_is_looked_up():
    kept = said_before("An old sentence.")
    assert kept == "An old sentence."
    assert value_in(kept, LOUD) == "again: An old sentence."
    assert said_before(None) == ""


def test_a_sentence_is_not_looked_up_again():
    sentence = say("one")
    assert said_before(sentence) is sentence


def test_what_people_wrote_is_never_said_in_another_way():
    assert value_in("one", LOUD) == "one"


def test_an_error_has_an_english_text_and_a_sentence():
    error = InvalidInput(say("The message is empty."))
    assert str(error) == "The message is empty."
    assert isinstance(error.sentence, Words)
    assert value_in(error.sentence, LOUD) == "THE MESSAGE IS EMPTY."


def test_an_error_with_plain_text_is_looked_up():
    assert value_in(InvalidInput("Plain.").sentence, LOUD) == "again: Plain."
    assert InvalidInput().sentence == ""

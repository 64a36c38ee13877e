"""What the box says to people: made where it happens, put into their language where they read it.

A sentence is a `str`, and its text is the English one: logs, the command line, `/v1` and the
database take it as it is and know of no languages. It also remembers what it was made from, so that
whoever answers a person at the page can say it again in their language. The parts below need
nothing but `say`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol


class Tongue(Protocol):
    """A language, as far as sentences need one."""

    def text(self, message: str) -> str:
        """The message in this language, with the same names in it."""
        ...

    def counted(self, one: str, many: str, num: int) -> str:
        """The same for a message that depends on a number."""
        ...

    def number(self, value: float, digits: int) -> str:
        """A number, with so many digits after the point."""
        ...

    def day(self, day: date, *, with_year: bool) -> str:
        """A day with the name of its weekday."""
        ...

    def clock(self, at: datetime) -> str:
        """Hours and minutes."""
        ...

    def again(self, english: str) -> str:
        """What was said in English before, as far as it is known what it was made from."""
        ...


class Words(str):
    """English words of the box that can be said in other languages."""

    def said_in(self, tongue: Tongue) -> str:
        """The same for a reader of that language."""
        raise NotImplementedError


class Sentence(Words):
    """A message of the catalogues with what is put into it."""

    message: str
    many: str
    values: Mapping[str, object]

    def said_in(self, tongue: Tongue) -> str:
        num = self.values.get("num")
        if self.many and isinstance(num, int):
            message = tongue.counted(self.message, self.many, num)
        else:
            message = tongue.text(self.message)
        return message % {name: value_in(each, tongue) for name, each in self.values.items()}


class Number(Words):
    """A number that is shown with so many digits after the point."""

    value: float
    digits: int

    def said_in(self, tongue: Tongue) -> str:
        return tongue.number(self.value, self.digits)


class Row(Words):
    """Words that stand beside each other."""

    between: str
    parts: tuple[str, ...]

    def said_in(self, tongue: Tongue) -> str:
        return self.between.join(str(value_in(each, tongue)) for each in self.parts)


class SaidBefore(Words):
    """English that was said at another time, and kept without what it was made from."""

    def said_in(self, tongue: Tongue) -> str:
        return tongue.again(str(self))


def say(message: str, /, **values: object) -> Sentence:
    """A sentence; `%(name)s` in the message stands for a value, `%%` for a percent sign.

    Whole numbers are written as the language writes them; a value may be a sentence itself.
    """
    return _sentence(message, message, "", values)


def say_counted(one: str, many: str, num: int, /, **values: object) -> Sentence:
    """The first message for one, the second for several; `%(num)s` in them is the number."""
    return _sentence(one if num == 1 else many, one, many, {"num": num, **values})


def number(value: float, digits: int = 0) -> Number:
    """A number to put into a sentence, or to show by itself."""
    words = Number(f"{value:,.{digits}f}")
    words.value, words.digits = value, digits
    return words


def row(parts: list[str], between: str = " · ") -> Row:
    """What is there of several words, beside each other."""
    words = Row(between.join(parts))
    words.between, words.parts = between, tuple(parts)
    return words


def said_before(english: str | None) -> str:
    """Words out of a database or a file; those that can still be said anew are left so."""
    return english if isinstance(english, Words) else SaidBefore(english or "")


def value_in(value: object, tongue: Tongue) -> object:
    """What is put into a sentence, as that language writes it."""
    if isinstance(value, Words):
        return value.said_in(tongue)
    return tongue.number(value, 0) if type(value) is int else value


def _sentence(english: str, message: str, many: str, values: Mapping[str, object]) -> Sentence:
    words = Sentence(english % {name: _plain(value) for name, value in values.items()})
    words.message, words.many, words.values = message, many, values
    return words


def _plain(value: object) -> object:
    return f"{value:,}" if type(value) is int else value

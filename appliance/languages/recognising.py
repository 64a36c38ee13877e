"""Finds the message that an English sentence was made from.

What ended a turn is kept in the database in English, for exports and for a version that knows other
languages. When the page shows it, it is said again in the reader's language if it is one of ours;
otherwise it stays as it is. This is for sentences of the box alone, never for what people write.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from appliance.sentences import Sentence, say

MOST_CHARS = 2_000
"""A longer text is nothing that the box has said."""

_NAME = re.compile(r"%\((\w+)\)s")
_NUMBER = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})*")
_LEAST_LETTERS = 8
"""A message with fewer words of its own would be found in anything."""


class Recogniser:
    """Knows the messages of the catalogues. Those with the most words of their own are tried
    first, so that "%(reason)s." does not take what a longer one was.
    """

    def __init__(self, messages: Iterable[str]) -> None:
        self._messages = set(messages)

    def find(self, english: str) -> Sentence | None:
        """What it was made from; None for what is not one of our sentences."""
        if len(english) > MOST_CHARS:
            return None
        if (message := self._plain.get(english)) is not None:
            return say(message)
        for message, pieces in self._named:
            if (values := _values(english, pieces)) is not None:
                return say(message, **{name: self._value(each) for name, each in values.items()})
        return None

    @cached_property
    def _plain(self) -> dict[str, str]:
        return {each % {}: each for each in self._messages if not _NAME.search(each)}

    @cached_property
    def _named(self) -> list[tuple[str, list[str]]]:
        named = [each for each in self._messages if _own_letters(each) >= _LEAST_LETTERS]
        named.sort(key=lambda each: (-_own_letters(each), each))
        split = [(each, _NAME.split(each.replace("%%", "%"))) for each in named]
        return [(each, pieces) for each, pieces in split if len(pieces) > 1]

    def _value(self, text: str) -> object:
        """Numbers are written anew, and a sentence in a sentence is one too."""
        if _NUMBER.fullmatch(text):
            return int(text.replace(",", ""))
        return (self._find_inside(text) if " " in text else None) or text

    def _find_inside(self, text: str) -> Sentence | None:
        message = self._plain.get(text)
        return say(message) if message is not None else None


def _own_letters(message: str) -> int:
    return len(_NAME.sub("", message))


def _values(text: str, pieces: list[str]) -> Mapping[str, str] | None:
    """What stands for the names between the pieces, each up to the next piece's first occurrence:
    that never goes back, however the text is made.
    """
    if not text.startswith(pieces[0]):
        return None
    at, found = len(pieces[0]), dict[str, str]()
    for index in range(1, len(pieces), 2):
        name, following = pieces[index], pieces[index + 1]
        is_last = index + 2 == len(pieces)
        end = len(text) - len(following) if is_last else text.find(following, at)
        if end < at or (not text.endswith(following) and is_last):
            return None
        if found.setdefault(name, text[at:end]) != text[at:end]:
            return None
        at = end + len(following)
    return found

"""One language of the page: its catalogue, and how it writes numbers, days and times (CLDR)."""

import re
from datetime import date, datetime
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from appliance.languages.recognising import Recogniser
from appliance.sentences import value_in

_YEAR = re.compile(r"\s*y+[년年]?\s*")
"""The year in a pattern of CLDR, with what belongs to it."""


class Language:
    """What the page is written in for a reader. `code` is what `<html lang>` says."""

    def __init__(
        self,
        code: str,
        locale: Locale,
        messages: NullTranslations | None = None,
        recogniser: Recogniser | None = None,
    ) -> None:
        self.code = code
        self.name = Locale.parse(code).get_language_name(code) or code
        """As its own speakers call it."""
        self._locale = locale
        self._messages = messages or NullTranslations()
        self._recogniser = recogniser

    def text(self, message: str) -> str:
        # To nothing a catalogue answers with its own description.
        return self._messages.gettext(message) if message else ""

    def counted(self, one: str, many: str, num: int) -> str:
        return self._messages.ngettext(one, many, num)

    def in_context(self, context: str, message: str) -> str:
        """The message where the same English word means one of several things."""
        return self._messages.pgettext(context, message)

    def number(self, value: float, digits: int) -> str:
        pattern = "#,##0" + "." * bool(digits) + "0" * digits
        return format_decimal(value, pattern, locale=self._locale)

    def day(self, day: date, *, with_year: bool) -> str:
        pattern = self._locale.date_formats["full"].pattern
        return format_date(day, pattern if with_year else _YEAR.sub("", pattern), self._locale)

    def clock(self, at: datetime) -> str:
        # Before or after noon in whole words, as browsers say it.
        pattern = self._locale.time_formats["short"].pattern.replace("a", "aaaa")
        return format_time(at, pattern, tzinfo=at.tzinfo, locale=self._locale)

    def again(self, english: str) -> str:
        found = self._recogniser.find(english) if self._recogniser else None
        return str(value_in(found, self)) if found else english


def read_catalogue(file: Path) -> GNUTranslations:
    """The messages of a `.po` file. It is compiled in memory, so that the two cannot differ.

    Raises ValueError for a file that is none.
    """
    compiled = BytesIO()
    with file.open("rb") as opened:
        write_mo(compiled, read_po(opened, abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)


def messages_of(file: Path) -> list[str]:
    """The English of a catalogue."""
    with file.open("rb") as opened:
        ids = [message.id for message in read_po(opened, abort_invalid=True) if message.id]
    return [each for one in ids for each in ([one] if isinstance(one, str) else one)]

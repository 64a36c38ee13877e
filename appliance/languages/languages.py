"""All languages of the page, and the choice of one."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from babel import Locale

from appliance.languages.accepting import preferred
from appliance.languages.language import Language, messages_of, read_catalogue
from appliance.languages.recognising import Recogniser

SOURCE = "en"
"""What the messages are written in; it needs no catalogue."""

CATALOGUE = Path("LC_MESSAGES") / "page.po"
_LOCALES = {"en": "en_GB", "ko": "ko_KR", "ja": "ja_JP", "de": "de_DE"}


class Languages:
    """English first, then those that there is a catalogue for."""

    def __init__(self, known: Sequence[Language]) -> None:
        self._known = {each.code: each for each in known}

    def __iter__(self) -> Iterator[Language]:
        return iter(self._known.values())

    def named(self, code: str) -> Language | None:
        """None for a language that is not there."""
        return self._known.get(code)

    def best(self, chosen: str, accepted: str) -> Language:
        """The one that the reader has chosen, else what the browser asks for, else English."""
        code = preferred(accepted, list(self._known))
        return self.named(chosen) or self.named(code or "") or self._known[SOURCE]


@cache
def read_languages(folder: Path) -> Languages:
    """Reads `LANG/LC_MESSAGES/page.po` under the folder. Raises OSError, ValueError.

    Read once: every application of a process speaks the same.
    """
    files = {code: folder / code / CATALOGUE for code in _LOCALES if code != SOURCE}
    recogniser = Recogniser(each for file in files.values() for each in messages_of(file))
    locales = {code: Locale.parse(name) for code, name in _LOCALES.items()}
    return Languages(
        [
            Language(SOURCE, locales[SOURCE]),
            *(
                Language(code, locales[code], read_catalogue(file), recogniser)
                for code, file in files.items()
            ),
        ]
    )

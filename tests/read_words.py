"""What people read of a page: its texts, and the attributes that a browser shows or says."""

import re
from html.parser import HTMLParser

VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
        "use",
        "path",
    ]
)
READ = ("aria-label", "title", "placeholder", "alt", "data-away", "data-copied", "data-not-copied")
NO_WORDS = frozenset({"script", "style", "kbd", "code", "pre"})
"""Elements whose text is nobody's language."""


class Words(HTMLParser):
    """Collects them. What stands in an element with a `lang` of its own is in that language, and
    not the page's: replies, what a person typed, the names of languages.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_foreign = (tag != "html" and "lang" in given) or tag in NO_WORDS
        is_hidden = is_foreign or self._is_hidden
        if not is_hidden:
            self.found += [value for name in READ if (value := given.get(name))]
            if tag == "input" and given.get("type") in ("submit", "button"):
                self.found.append(given.get("value") or "")
        if tag not in VOID:
            self._open.append((tag, is_hidden))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            continue

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._is_hidden:
            self.found.append(data.strip())

    @property
    def _is_hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]


def words_of(html: str) -> list[str]:
    """In the order in which they stand."""
    reader = Words()
    reader.feed(html)
    reader.close()
    return reader.found


def letters_in(text: str) -> str:
    """The words of a text, without digits and signs."""
    return " ".join(re.findall(r"[^\W\d_]+", text))

"""Text as terms of a full-text index, and a question as what to look for in it. Pure.

SQLite's tokenizer cuts at spaces, which Chinese, Japanese and Korean do not have where words end.
So their characters are cut here, into pairs that overlap: 도서관 becomes 도서, 서관. Pairs in a row
are the run again, so a phrase of pairs finds a run inside any longer one. The last character stands
by itself once more: then every single one is the beginning of some term.

What is stored and what is looked for must be cut by the same rules, and a row leaves the index only
by the terms with which it came. So whoever changes the rules names them anew in `RULES`; the store
then makes its index again at the next start.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

# Unicode's tables come with Python, and a later one folds a few characters differently.
RULES = f"1, Unicode {unicodedata.unidata_version}"

MOST_WORDS = 32
"""More words in one question do not find anything better."""

_LONGEST = 64  # Characters of a word: beyond that it is no word but a key, a hash or an address.

_UNSPACED = (
    "\u1100-\u11ff\ua960-\ua97c\uac00-\ud7fb"  # Hangul
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Kana
    "\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_RUN = re.compile(f"(?P<unspaced>[{_UNSPACED}]+)|[^\\W_{_UNSPACED}]+")
_MARKS = re.compile("[\u0300-\u036f]")

_IN_EVERY_TEXT = """
a about am an and are as at be been but by can could d did do does for from had has have he her him
his how i if in into is it its ll m me my no not of on or our re s she should so t than that the
their them then there these they this those to too us ve was we were what when where which who why
will with would you your
"""
_STOP_WORDS = frozenset(_IN_EVERY_TEXT.split())


@dataclass(frozen=True, slots=True)
class Run:
    """A word, or a run of characters that are written without spaces; and where it stood."""

    text: str
    is_unspaced: bool
    start: int


@dataclass(frozen=True, slots=True)
class Sought:
    """What to look for; `is_cut` when the question had more words than that."""

    runs: tuple[Run, ...]
    is_cut: bool = False

    @property
    def all_of_it(self) -> str:
        """For FTS5: texts that hold every word."""
        return " AND ".join(map(_quoted, self.runs))

    @property
    def any_of_it(self) -> str:
        """For FTS5: texts that hold at least one word."""
        return " OR ".join(map(_quoted, self.runs))


def fold(text: str) -> str:
    """The same for all ways to write the same: width, case, accents, composed or not."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", _MARKS.sub("", unicodedata.normalize("NFD", plain)))


def runs_of(folded: str) -> Iterator[Run]:
    """The runs of a folded text in their order, with repetitions."""
    for found in _RUN.finditer(folded):
        yield Run(found[0], found["unspaced"] is not None, found.start())


def terms_of(text: str) -> str:
    """What the index holds of a text: terms in their order, with spaces between them."""
    terms: list[str] = []
    for run in runs_of(fold(text)):
        if run.is_unspaced:
            terms += [*_pairs(run.text), run.text[-1]]
        else:
            terms.append(run.text[:_LONGEST])
    return " ".join(terms)


def sought_by(question: str) -> Sought:
    """The words of a question, each once, without those that every text has.

    A question that has no other words is looked for as it is.
    """
    runs = (replace(run, text=run.text[:_LONGEST]) for run in runs_of(fold(question)))
    words = list({run.text: run for run in runs}.values())
    telling = [run for run in words if run.text not in _STOP_WORDS] or words
    return Sought(tuple(telling[:MOST_WORDS]), is_cut=len(telling) > MOST_WORDS)


def _pairs(text: str) -> Iterator[str]:
    return (text[at : at + 2] for at in range(len(text) - 1))


def _quoted(run: Run) -> str:
    """Inside quotes nothing is an operator; and a run is letters and digits anyway."""
    if run.is_unspaced and len(run.text) == 1:
        return f'"{run.text}" *'
    return f'"{" ".join(_pairs(run.text)) if run.is_unspaced else run.text}"'

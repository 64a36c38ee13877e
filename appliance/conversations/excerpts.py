"""The piece of a long text in which the words that were looked for stand. Pure.

What was found is decided by the index; here it is only shown. The index cuts word endings off by
Porter's rules, which are its own: here two words are taken for the same when what is left of them
without a usual ending is. At worst a word is not marked.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile

from appliance.recall.tokens import Run, fold, runs_of

LENGTH = 240
BEFORE = 80
_READ = 100_000
"""Characters of a text that are looked through for its words."""

_ENDING = re.compile(r"(?<=..)(?:e?s|ing|ings|ed|er|ers|ies|ied|ion|ions|ly|e|y)$")
_DOUBLED = re.compile(r"(.)\1$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text; it is what was looked for, or what stands around it."""

    text: str
    is_match: bool = False


def excerpt(text: str, sought: Sequence[Run], length: int = LENGTH) -> tuple[Piece, ...]:
    """About `length` characters around the first match, in one line; without one, the beginning."""
    line = " ".join(unicodedata.normalize("NFC", text[:_READ]).split())
    matches = _matches(line, sought)
    first = next(matches, None)
    start = _word_start(line, first[0] - BEFORE) if first and first[0] > length - BEFORE else 0
    end = min(len(line), start + length)
    inside = takewhile(lambda match: match[0] < end, matches)
    pieces = [Piece("…")] if start else []
    at = start
    for match_start, match_end in chain([first] if first else [], inside):
        pieces.append(Piece(line[at:match_start]))
        at = min(match_end, end)
        pieces.append(Piece(line[match_start:at], is_match=True))
    pieces.append(Piece(line[at:end] + ("…" if end < len(line) else "")))
    return tuple(piece for piece in pieces if piece.text)


def _matches(line: str, sought: Sequence[Run]) -> Iterator[tuple[int, int]]:
    """Where the sought runs stand in the line, in order, none over another."""
    folded, places = _folded(line)
    unspaced = [run.text for run in sought if run.is_unspaced]
    words = {run.text for run in sought if not run.is_unspaced}
    roots = {root(word) for word in words}
    for run in runs_of(folded):
        if run.is_unspaced:
            for start, end in _stretches(run.text, unspaced):
                yield places[run.start + start], places[run.start + end]
        elif run.text in words or root(run.text) in roots:
            yield places[run.start], places[run.start + len(run.text)]


def _stretches(text: str, sought: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Stretches of a run that are covered by what is sought."""
    if not sought:
        return
    longest_first = sorted(sought, key=len, reverse=True)
    for found in re.finditer("(?:" + "|".join(map(re.escape, longest_first)) + ")+", text):
        yield found.span()


def _folded(line: str) -> tuple[str, Sequence[int]]:
    """The folded line, and for each place in it, and its end, the place in the line."""
    folded = fold(line)
    if len(folded) == len(line):
        return folded, range(len(line) + 1)
    parts = [fold(char) for char in line]
    places = [at for at, part in enumerate(parts) for _ in part]
    return "".join(parts), [*places, len(line)]


def root(word: str) -> str:
    """A word without its usual ending: stories and story are the same, run and running too."""
    return _DOUBLED.sub(r"\1", _ENDING.sub("", word))


def _word_start(line: str, at: int) -> int:
    """The beginning of a word near `at`, if there is a space near."""
    space = line.find(" ", max(0, at), max(0, at) + 24)
    return space + 1 if space >= 0 else max(0, at)

"""A long handbook about workshops: what stands on its pages, and questions with the right page."""

import textwrap
from collections.abc import Iterator
from itertools import product
from random import Random

from benchmark import recall_texts, texts
from benchmark.pdf_file import Line

_WHERE = (
    *("in a tin behind the boiler", "under the third flower pot", "with the baker next door"),
    *("on a nail inside the clock", "in the pocket of the grey coat", "below the loose step"),
)
_COLUMNS = 95
_PARAGRAPH_TOKENS = 130


def pages(count: int) -> list[list[Line]]:
    """Each about one workshop: a heading, paragraphs, a list and a table."""
    return [list(_page(number, *whose)) for number, whose in enumerate(_workshops(count), start=1)]


def questions(count: int, asked: int) -> Iterator[tuple[str, int]]:
    """So many questions to a book of so many pages, each with the page that answers it."""
    workshops = _workshops(count)
    for place in range(asked):
        number = place * count // asked
        name, town = workshops[number]
        yield f"Where is the spare key of {name}'s workshop in {town} kept?", number + 1


def _workshops(count: int) -> list[tuple[str, str]]:
    """Whose and where, each once."""
    every = list(product(recall_texts.NAMES.split(), recall_texts.PLACES.split()))
    Random(9).shuffle(every)
    return every[:count]


def _page(number: int, name: str, town: str) -> Iterator[Line]:
    draw = Random(number)
    yield Line(f"{number}. The workshop in {town}", 16)
    yield from _paragraph(texts.document(2 * number, _PARAGRAPH_TOKENS))
    yield Line("Access", 13)
    where = draw.choice(_WHERE)
    yield from _paragraph(
        f"This workshop belongs to {name}. The spare key is kept {where}. "
        + texts.document(2 * number + 1, _PARAGRAPH_TOKENS)
    )
    for thing in draw.sample(recall_texts.THINGS.split(), 4):
        yield Line(f"- {thing}: {draw.choice(recall_texts.DEEDS.split())}", 10, 12)
    yield Line("Stock", 13)
    for thing in draw.sample(recall_texts.THINGS.split(), 5):
        yield Line(f"{thing:20} {draw.randrange(1, 90):4}   {draw.randrange(2, 400)}.00 EUR")


def _paragraph(text: str) -> Iterator[Line]:
    for line in textwrap.wrap(text, _COLUMNS):
        yield Line(line)

"""Plain text, Markdown and tables in text, read line by line: however long, little is in memory."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from appliance.documents.block import Block
from appliance.documents.text_encoding import SAMPLE_BYTES, encoding_of

MOST_LINE_CHARS = 100_000
"""A longer line is read as several; no person wrote it."""
_MOST_CELLS = 1000
_DELIMITERS = ",;\t|"
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"\s{0,3}(=+|-+)\s*$")
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")


def text_blocks(file: BinaryIO) -> Iterator[Block]:
    """Paragraphs, as blank lines part them."""
    yield from _paragraphs(_lines(file))


def markdown_blocks(file: BinaryIO) -> Iterator[Block]:
    """The same with headings, and code kept together."""
    before: list[str] = []
    fence = ""
    for line in _lines(file):
        marks = _FENCE.match(line)
        if marks and (not fence or marks[1].startswith(fence)):
            fence = "" if fence else marks[1]
        if fence:
            before.append(line or " ")
            continue
        heading = _HEADING.match(line)
        underline = _UNDERLINE.match(line) if len(before) == 1 and before[0].strip() else None
        if heading or underline:
            yield from _paragraphs([] if underline else before)
            text = before[0] if underline else heading[2] if heading else ""
            level = (1 if "=" in line else 2) if underline else len(heading[1]) if heading else 0
            before = []
            if text.strip():
                yield Block(text.strip(), level=level)
        elif line.strip():
            before.append(line)
        else:
            yield from _paragraphs(before)
            before = []
    yield from _paragraphs(before)


def table_blocks(file: BinaryIO) -> Iterator[Block]:
    """A row each, with the name of its column before every value."""
    lines = _lines(file, keep_ends=True)
    first = next(lines, "")
    delimiter = max(_DELIMITERS, key=first.count)
    csv.field_size_limit(2 * MOST_LINE_CHARS)
    rows = csv.reader(_again(first, lines), delimiter=delimiter)
    try:
        names = [name.strip() for name in next(rows, [])][:_MOST_CELLS]
        is_empty = True
        for row in rows:
            is_empty = False
            yield from _row(names, row[:_MOST_CELLS])
        if is_empty:
            yield from _row([], names)
    except csv.Error:
        # A quote that never ends: then what follows is text.
        yield from _paragraphs(lines)


def _row(names: list[str], row: list[str]) -> Iterator[Block]:
    said = []
    for at, value in enumerate(row):
        name = names[at] if at < len(names) else ""
        if value.strip():
            said.append(f"{name}: {value.strip()}" if name else value.strip())
    if said:
        yield Block("; ".join(said), is_row=True)


def _again(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _paragraphs(lines: Iterable[str]) -> Iterator[Block]:
    said: list[str] = []
    for line in lines:
        if line.strip():
            said.append(line.rstrip())
        # Nobody writes paragraphs this long, and all of it is in memory.
        if said and (not line.strip() or len(said) >= 500):
            yield Block("\n".join(said))
            said = []
    if said:
        yield Block("\n".join(said))


def _lines(file: BinaryIO, *, keep_ends: bool = False) -> Iterator[str]:
    file.seek(0)
    sample = file.read(SAMPLE_BYTES)
    encoding = encoding_of(sample, len(sample) < SAMPLE_BYTES) or "utf-8"
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, "replace", newline="" if keep_ends else None)
    while line := text.readline(MOST_LINE_CHARS):
        clean = line.replace("\0", "")
        yield clean if keep_ends else clean.rstrip("\n")
    text.detach()

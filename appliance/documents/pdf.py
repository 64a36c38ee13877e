"""A PDF page by page: its text, and its outline as headings. Child process only.

PDFium gives lines as they stand on the page. Those that go on are joined; a line that ends early
ends its paragraph.
"""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

import pypdfium2

from appliance.documents.block import Block
from appliance.documents.packed import DAMAGED
from appliance.errors import DocumentRefused
from appliance.sentences import say

MOST_PAGES = 20_000
MOST_PAGE_CHARS = 100_000
_MOST_BOOKMARKS = 5_000
_SHORT = 0.7
"""Of the longest line of its page; a shorter one is the last of its paragraph."""
_PASSWORD_ERROR = 4
_WIDE = re.compile(r"[\u2e80-\u9fff\u3000-\u30ff\uac00-\ud7af\uff00-\uff60]")
_SOFT = ("\x02", "\ufffe", "\xad")

_LOCKED = say(
    "The PDF has a password. Save it without one (print it into a new PDF), and send that."
)
_TOO_MANY = say("The PDF has more than %(most)s pages. Send it in parts.", most=MOST_PAGES)
_PICTURES_ONLY = say(
    "The PDF holds pictures of pages and no text, as a scanner makes it. Have its text recognised "
    "(OCR) by another program, and send the PDF that it makes."
)


def blocks(file: BinaryIO, told: Callable[[int, int], None]) -> Iterator[Block]:
    """`told` hears how many pages of how many were read. Raises DocumentRefused."""
    pdf = _opened(file)
    count = len(pdf)
    if count > MOST_PAGES:
        raise DocumentRefused(_TOO_MANY)
    headings = _headings(pdf)
    is_empty = True
    for number in range(1, count + 1):
        yield from (Block(text, number, level) for level, text in headings.get(number, ()))
        for block in page_blocks(_text(pdf, number - 1), number):
            is_empty = False
            yield block
        told(number, count)
    if is_empty:
        raise DocumentRefused(_PICTURES_ONLY if count else DAMAGED)


def page_blocks(text: str, page: int) -> Iterator[Block]:
    """The paragraphs of one page."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    full = max(map(len, lines), default=0) * _SHORT
    said, count = "", 0
    for line in lines:
        if line.strip():
            said, count = _joined(said, line.strip()), count + 1
        if said and (not line.strip() or len(line) < full) and not said.endswith(_SOFT):
            yield Block(said, page, is_row=count == 1)
            said, count = "", 0
    if said.strip("".join(_SOFT)):
        yield Block(said.rstrip("".join(_SOFT)), page, is_row=count == 1)


def _opened(file: BinaryIO) -> pypdfium2.PdfDocument:
    file.seek(0)
    try:
        return pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        is_locked = getattr(error, "err_code", None) == _PASSWORD_ERROR or "assword" in str(error)
        raise DocumentRefused(_LOCKED if is_locked else DAMAGED) from error


def _text(pdf: pypdfium2.PdfDocument, index: int) -> str:
    """Of one page; a broken one has none, and the others can still be read."""
    try:
        page = pdf[index]
        words = page.get_textpage()
        text = str(words.get_text_bounded())[:MOST_PAGE_CHARS]
        words.close()
        page.close()
    except pypdfium2.PdfiumError:
        return ""
    return text


def _headings(pdf: pypdfium2.PdfDocument) -> dict[int, list[tuple[int, str]]]:
    """Level and words of the outline's entries, by the page that they lead to."""
    found: dict[int, list[tuple[int, str]]] = {}
    for number, bookmark in enumerate(pdf.get_toc(max_depth=6)):
        if number >= _MOST_BOOKMARKS:
            break
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        title = bookmark.get_title().strip()
        if index is not None and title:
            found.setdefault(index + 1, []).append((bookmark.level + 1, title))
    return found


def _joined(said: str, line: str) -> str:
    """One more line; a word that was divided is whole again."""
    if not said or said.endswith(_SOFT):
        return said.rstrip("".join(_SOFT)) + line
    if said.endswith("-") and said[-2:-1].isalpha() and line[0].islower():
        return said[:-1] + line
    is_wide = _WIDE.match(said[-1]) and _WIDE.match(line[0])
    # Korean is written with blanks; where a line ends between two words, nobody can see it.
    return said + line if is_wide and not "\uac00" <= said[-1] <= "\ud7a3" else f"{said} {line}"

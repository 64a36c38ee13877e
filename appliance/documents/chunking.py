"""Blocks of a document become passages: as long as an embedding can take in, and never across a
page or a heading, so that a citation names the right place. Pure.

Sizes are counted in Latin letters. A Chinese, Japanese or Korean character says more, so it counts
for three.
"""

import re
from collections.abc import Iterable, Iterator

from appliance.documents.block import Block, Passage

MOST_WEIGHT = 1000
"""About 250 tokens of English; what an embedding model reads of a text at the least."""
_WIDE_WEIGHT = 3
_MOST_HEADING_CHARS = 200
_BETWEEN_HEADINGS = " › "

_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]")
# After a full stop and its blank, or after one that needs none; then at a line's end or a blank.
_ENDS = (
    re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？｡])[」』）]*\s*"),
    re.compile(r"\n|(?<=[;:,、，；：])\s*"),
    re.compile(r"\s+"),
)


def weight(text: str) -> int:
    """How much a text is, in letters."""
    return len(text) + (_WIDE_WEIGHT - 1) * len(_WIDE.findall(text))


def passages(blocks: Iterable[Block]) -> Iterator[Passage]:
    """The passages in their order; each begins with a new page or heading, or where one is full."""
    page, parts, size = None, "", 0
    headings = _Headings()
    for block in blocks:
        is_new_place = block.level > 0 or block.page != page
        if parts and is_new_place:
            yield Passage(parts, page, headings.words)
            parts, size = "", 0
        if block.level:
            if words := headings.enter(block):
                yield Passage(words, page, headings.words_above(block.level))
            page = block.page
            headings.begin(block)
            continue
        page = block.page
        for piece in _pieces(block.text):
            more = weight(piece)
            if parts and size + more > MOST_WEIGHT:
                yield Passage(parts, page, headings.words)
                parts, size = "", 0
            parts += (("\n" if block.is_row else "\n\n") if parts else "") + piece
            size += more
            headings.is_bare = False
    if parts:
        yield Passage(parts, page, headings.words)
    elif headings.is_bare:
        yield Passage(headings.last, page, headings.words)


class _Headings:
    """Those that the reader stands under. `is_bare`: nothing was said under the last one yet."""

    def __init__(self) -> None:
        self._above: list[tuple[int, str]] = []
        self.is_bare = False

    @property
    def words(self) -> str:
        return _BETWEEN_HEADINGS.join(text for _, text in self._above)[:_MOST_HEADING_CHARS]

    @property
    def last(self) -> str:
        return self._above[-1][1]

    def words_above(self, level: int) -> str:
        """Those that stay when a heading of that level comes."""
        kept = [text for above, text in self._above if above < level]
        return _BETWEEN_HEADINGS.join(kept)[:_MOST_HEADING_CHARS]

    def enter(self, block: Block) -> str:
        """Before a heading of that level: the last one, if it goes without a word under it."""
        if self.is_bare and self._above and self._above[-1][0] >= block.level:
            return self.last
        return ""

    def begin(self, block: Block) -> None:
        line = " ".join(block.text.split())[:_MOST_HEADING_CHARS]
        self._above = [each for each in self._above if each[0] < block.level]
        if line:
            self._above.append((block.level, line))
        self.is_bare = bool(line)


def _pieces(text: str) -> Iterator[str]:
    """The text, cut where it is too long: after a sentence if there is one, else where it goes."""
    left = text.strip()
    while weight(left) > MOST_WEIGHT:
        cut = _cut(left)
        yield left[:cut].rstrip()
        left = left[cut:].lstrip()
    if left:
        yield left


def _cut(text: str) -> int:
    longest = _longest(text)
    for ends in _ENDS:
        # Not in the first third: a crumb is no passage.
        found = [match.end() for match in ends.finditer(text, longest // 3, longest)]
        if found:
            return found[-1]
    return longest


def _longest(text: str) -> int:
    """How many characters are no more than one passage may have."""
    size = 0
    for at, char in enumerate(text):
        size += _WIDE_WEIGHT if _WIDE.match(char) else 1
        if size > MOST_WEIGHT:
            return max(1, at)
    return len(text)

"""How much of a text is formatted: as much as weighs no more than any honest reply. Pure.

Markdown costs by what stands on its lines, not by their length: an item of a list takes the time of
a whole paragraph. What a line may cost shows in the line itself and in what began above it, before
anything is parsed. Once that is too much together, what follows is shown as it was written.

A weight of 1 is about two microseconds of a small machine.
"""

import re

MOST_WEIGHT = 400_000

LINE = 20
"""What begins on a line: a paragraph, an item, a heading. Every level of a quote takes as much."""
LINK = 40
BRACKET = 12
CELL = 8
PAIRED_MARK = 6
MARK = 1
CODE_LINE = 1

_LINE = re.compile(r"[^\n]*\n")
_CONTAINERS = re.compile(r"(?:[ \t]*(?:[-+*>]|\d{1,9}[.)]))*+")
_LIST_MARKERS = "-+*.)"
_ONLY_IN_DELIMITERS = "-:| \t\n>+*.)0123456789"
_LINKS = re.compile(r"://|\]\(|mailto:")
_PAIRED_MARKS = "*_~&"
_OTHER_MARKS = re.compile(r"[!#$%+:<=>@\\\]^`{}-]")
# At the beginning of a line it is a fence whatever is open above it, but for the head of a table.
_FENCE = re.compile(r"(?P<marks>`{3,})[^`|]*$|(?P<waves>~{3,})[^|]*$")
_SPACES = " \t\n"


class Scale:
    """Weighs one text, piece by piece as it comes."""

    def __init__(self) -> None:
        self.weight = 0
        """Of the lines that are complete."""
        self._begun: list[str] = []
        self._begun_chars = 0
        self._fence = ""
        self._quotes = 0
        self._columns = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing that follows is formatted."""
        return self.weight > MOST_WEIGHT

    def take(self, piece: str) -> int:
        """How many characters of the piece are formatted; the last line of them is complete when
        that is not all.
        """
        if self.is_full:
            return 0
        self._begun.append(piece)
        if "\n" not in piece:
            self._begun_chars += len(piece)
            return len(piece)
        text, end = "".join(self._begun), 0
        for line in _LINE.finditer(text):
            self.weight += self._weigh(line[0])
            end = line.end()
            if self.is_full:
                return end - self._begun_chars
        self._begun, self._begun_chars = [text[end:]], len(text) - end
        return len(piece)

    def _weigh(self, line: str) -> int:
        if self._fence:
            mark, marks = self._fence[0], line.strip(_SPACES)
            if len(marks) >= len(self._fence) and not marks.strip(mark):
                self._fence = ""
            return CODE_LINE
        if not line.strip(_SPACES):
            self._quotes = self._columns = 0
            return CODE_LINE
        if fence := _FENCE.match(line):
            self._fence = fence["marks"] or fence["waves"]
            self._quotes = self._columns = 0
            return LINE
        containers = _CONTAINERS.match(line)
        assert containers is not None, "there may be none"
        levels = sum(map(containers[0].count, _LIST_MARKERS))
        self._quotes = max(self._quotes, containers[0].count(">"))
        cells = line.count("|")
        if not line.strip(_ONLY_IN_DELIMITERS):
            self._columns = cells
        return (
            LINE * (1 + levels + self._quotes)
            + CELL * max(cells, self._columns)
            + LINK * len(_LINKS.findall(line))
            + BRACKET * line.count("[")
            + PAIRED_MARK * sum(map(line.count, _PAIRED_MARKS))
            + MARK * len(_OTHER_MARKS.findall(line))
        )

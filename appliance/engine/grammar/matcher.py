"""Follows a text through a grammar, byte by byte: how it may go on, and whether it may end.

All readings of the text so far are followed at once, as in Earley's parser: readers of one rule
that begin at the same byte share it, so that an ambiguous grammar costs little more than a clear
one, and left recursion and empty loops are no trouble. The work for one byte is bounded. An
ambiguous grammar may want more of it; then the readings found first are followed. Each of them
leads to an end, so the text still follows the grammar, and there is always a way on.
"""

import math

from appliance.engine.grammar.grammar import Grammar
from appliance.engine.grammar.reach import OUTSIDE, Point, Reach, Way

_MAX_VISITS = 5_000
_KEPT_POSITIONS = 4000


class Position:
    """Between two bytes. `after` remembers where bytes lead that were tried here."""

    __slots__ = ("after", "may_end", "ways")

    def __init__(self, ways: tuple[Way, ...], may_end: bool) -> None:
        self.ways = ways
        self.may_end = may_end
        self.after: dict[int, Position | None] = {}

    @property
    def mask(self) -> int:
        """The bytes that fit next, a bit for each."""
        mask = 0
        for way, _, _ in self.ways:
            mask |= way
        return mask


class Matcher:
    """Where one text is in a grammar. `visits` counts the work so far."""

    def __init__(self, grammar: Grammar) -> None:
        self._places = grammar.places
        self._known: dict[tuple[tuple[Way, ...], bool], Position] = {}
        self.visits = 0
        self.position = self._reached([(grammar.start, OUTSIDE)])

    def fits(self, text: bytes) -> bool:
        """Whether these bytes may come next; no bytes bring nothing on and do not fit.

        Nor does what would take too long to find out; a single byte never does.
        """
        return bool(text) and self._walk(text, self.visits + _MAX_VISITS) is not None

    def accept(self, text: bytes) -> None:
        """Go on after these bytes, which fit."""
        position = self._walk(text, math.inf)
        assert position is not None, "only what fits is accepted"
        if len(self._known) > _KEPT_POSITIONS:
            self._known.clear()
            position = Position(position.ways, position.may_end)
        self.position = position

    def _walk(self, text: bytes, visits_end: float) -> Position | None:
        position: Position | None = self.position
        for byte in text:
            if position is None or self.visits > visits_end:
                return None
            if byte not in position.after:
                points = [(then, frame) for mask, then, frame in position.ways if mask >> byte & 1]
                position.after[byte] = self._reached(points) if points else None
            position = position.after[byte]
        return position

    def _reached(self, points: list[Point]) -> Position:
        reach = Reach(points, self._places)
        self.visits += reach.visits
        key = tuple(reach.ways), reach.may_end
        if key not in self._known:
            self._known[key] = Position(*key)
        return self._known[key]

"""All that can be reached in a grammar without reading a byte."""

from collections.abc import Iterable, Mapping

from appliance.engine.grammar.grammar import Place

MAX_VISITS = 1000


class Frame:
    """A rule that is being read, and the points at which its readers go on when it ends."""

    __slots__ = ("returns",)

    def __init__(self) -> None:
        self.returns: dict[Point, None] = {}


OUTSIDE = Frame()
"""Around the first rule: whoever returns there has read a whole text."""

Point = tuple[int, Frame]
"""A place, and the rule that it is read in."""

Way = tuple[int, int, Frame]
"""A byte out of a mask, the place after it, the rule that it is in."""


class Reach:
    """`ways` are open for the next byte, and `may_end` tells whether the text may end.

    After `MAX_VISITS` no more ways are looked for, as soon as there is one (after twice as many, an
    end will do). Who returns from a rule comes last: that keeps the search for the first way short,
    however deep the rules are.
    """

    def __init__(self, points: Iterable[Point], places: Mapping[int, Place]) -> None:
        self.ways: dict[Way, None] = {}
        self.may_end = False
        self.visits = 0
        self._places = places
        self._begun: dict[int, Frame] = {}
        self._fresh: set[Frame] = set()
        self._now: list[Point] = []
        self._later: list[Point] = []
        self._seen: set[Point] = set()
        self._plan(points, self._now)
        self._search()

    def _search(self) -> None:
        while self._now or self._later:
            if self.visits >= MAX_VISITS and self.ways:
                return
            if self.visits >= 2 * MAX_VISITS and self.may_end:
                return
            at, frame = (self._now or self._later).pop()
            self._visit(self._places[at], frame)

    def _visit(self, place: Place, frame: Frame) -> None:
        self.visits += 1 + len(place.eats) + len(place.calls)
        for mask, then in place.eats:
            self.ways[mask, then, frame] = None
        self._plan([self._enter(begin, then, frame) for begin, then in place.calls], self._now)
        # What ends before it has read a byte was foreseen where it was called.
        if place.may_end and frame not in self._fresh:
            if frame is OUTSIDE:
                self.may_end = True
            self.visits += len(frame.returns)
            self._plan(frame.returns, self._later)

    def _enter(self, begin: int, then: int | None, frame: Frame) -> Point:
        if then is None:  # nothing follows: whoever waits for this rule waits for that one
            return begin, frame
        inner = self._begun.get(begin)
        if inner is None:
            inner = self._begun[begin] = Frame()
            self._fresh.add(inner)
        inner.returns[then, frame] = None
        return begin, inner

    def _plan(self, points: Iterable[Point], todo: list[Point]) -> None:
        new = [point for point in points if point not in self._seen]
        self._seen.update(new)
        todo.extend(reversed(new))

"""What a grammar is made of. `Node` is one of these."""

from dataclasses import dataclass

Ranges = tuple[tuple[int, int], ...]
"""Code points, first and last included; sorted, and no two of them touch."""

LAST_CODE_POINT = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of these."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Reference:
    """Another rule, by its name; `line` is where it is named."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Row:
    """One after the other; none is the empty text."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of these."""

    options: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """At least `least` times, at most `most`; None is without end."""

    node: "Node"
    least: int
    most: int | None


Node = Chars | Reference | Row | Choice | Repeat


def merged(ranges: list[tuple[int, int]]) -> Ranges:
    """The same code points, in order and without overlap."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def all_but(ranges: Ranges) -> Ranges:
    """Every other code point."""
    others, begin = [], 0
    for first, last in ranges:
        if begin < first:
            others.append((begin, first - 1))
        begin = last + 1
    if begin <= LAST_CODE_POINT:
        others.append((begin, LAST_CODE_POINT))
    return tuple(others)

"""Sets of characters as JSON writes them inside a string."""

from collections.abc import Iterable

from appliance.json_schema.rules import literal

Ranges = list[tuple[int, int]]
"""Code points, first and last included."""

LAST = 0x10FFFF
ANY: Ranges = [(0, LAST)]
_ESCAPES = {34: r"\"", 92: r"\\", 8: r"\b", 9: r"\t", 10: r"\n", 12: r"\f", 13: r"\r"}


def json_characters(ranges: Ranges) -> str | None:
    """GBNF for one character of the set, escaped where JSON asks for it; None for no character.

    Control characters without a short escape cannot be written.
    """
    plain = []
    for first, last in ranges:
        begin = max(first, 0x20)
        for special in (ord('"'), ord("\\")):
            if begin <= special <= last:
                plain.append((begin, special - 1))
                begin = special + 1
        plain.append((begin, last))
    plain = [(first, last) for first, last in plain if first <= last]
    escapes = [text for code, text in _ESCAPES.items() if any(a <= code <= b for a, b in ranges)]
    options = [f"[{_members(plain)}]"] if plain else []
    options += map(literal, escapes)
    return f"( {' | '.join(options)} )" if options else None


def negated(ranges: Ranges) -> Ranges:
    """Every other character."""
    others, begin = [], 0
    for first, last in sorted(ranges):
        if begin < first:
            others.append((begin, first - 1))
        begin = max(begin, last + 1)
    if begin <= LAST:
        others.append((begin, LAST))
    return others


def _members(ranges: Iterable[tuple[int, int]]) -> str:
    return "".join(f"\\U{first:08X}-\\U{last:08X}" for first, last in ranges)

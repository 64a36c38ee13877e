"""Regular expressions of JSON schemas as grammars.

What depends on more than the text so far (looking around, back references, word boundaries) has no
place in a grammar and is refused.
"""

import re

from appliance.json_schema.characters import ANY, Ranges, json_characters, negated
from appliance.json_schema.refusals import refusal, shown

MAX_PATTERN_CHARS = 1000
_MAX_NESTING = 20

_DIGITS: Ranges = [(0x30, 0x39)]
_WORD: Ranges = [*_DIGITS, (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
_SPACES: Ranges = [
    *[(0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)],
    *[(0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)],
]
_LINE_ENDS: Ranges = [(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)]
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": _SPACES}
_CONTROLS = {"n": 0x0A, "r": 0x0D, "t": 0x09, "f": 0x0C, "v": 0x0B}
_TIMES = re.compile(r"(?:[*+?]|\{[0-9]{1,5}(?:,[0-9]{0,5})?\})")
_HEX = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})")


def pattern_to_gbnf(pattern: str, place: str) -> str:
    """GBNF for JSON strings in which the pattern is found. Raises GrammarRefused."""
    return _Reader(pattern, place).whole()


class _Reader:
    def __init__(self, pattern: str, place: str) -> None:
        self._pattern, self._place, self._at = pattern, place, 0

    def whole(self) -> str:
        if len(self._pattern) > MAX_PATTERN_CHARS:
            raise self._refusal(f"it is longer than {MAX_PATTERN_CHARS} characters")
        options = [self._anchored()]
        while self._skip("|"):
            options.append(self._anchored())
        if self._at < len(self._pattern):
            raise self._refusal(f"`{self._next}` is not expected")
        return rf'"\"" ( {" | ".join(options)} ) "\""'

    @property
    def _next(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _anchored(self) -> str:
        """One option of the whole pattern: where it is not anchored, anything may stand."""
        anything = f"{self._one_of(ANY)}*"
        before = "" if self._skip("^") else f"{anything} "
        body = self._row(0)
        after = "" if self._skip("$") else f" {anything}"
        return f"{before}{body}{after}"

    def _choice(self, nesting: int) -> str:
        options = [self._row(nesting)]
        while self._skip("|"):
            options.append(self._row(nesting))
        return f"( {' | '.join(options)} )"

    def _row(self, nesting: int) -> str:
        parts = []
        while self._next not in ("", "|", ")", "$"):
            part = self._part(nesting)
            if times := _TIMES.match(self._pattern, self._at):
                self._at = times.end()
                self._skip("?")  # lazy or not: the texts are the same
                part = f"{part}{times.group()}"
            parts.append(part)
        return " ".join(parts) or '""'

    def _part(self, nesting: int) -> str:
        char = self._take()
        match char:
            case "(":
                return self._group(nesting + 1)
            case "[":
                return self._one_of(self._class())
            case ".":
                return self._one_of(negated(_LINE_ENDS))
            case "\\":
                return self._one_of(self._escaped())
            case "^":
                raise self._refusal("`^` may stand only at its beginning, and `$` at its end")
            case "*" | "+" | "?" | "{" | "}" | "]":
                raise self._refusal(f"`{char}` is not expected; write `\\{char}`")
            case _:
                return self._one_of([(ord(char), ord(char))])

    def _group(self, nesting: int) -> str:
        if nesting > _MAX_NESTING:
            raise self._refusal(f"more than {_MAX_NESTING} groups are inside each other")
        if self._skip("?") and not self._skip(":"):
            raise self._refusal("groups that look ahead, look behind or have a name are not read")
        body = self._choice(nesting)
        if not self._skip(")"):
            raise self._refusal("a group is not closed, or an anchor stands inside it")
        return body

    def _class(self) -> Ranges:
        is_negated = self._skip("^")
        ranges: Ranges = []
        while not self._skip("]"):
            members = self._member()
            if self._next == "-" and self._pattern[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                members = self._range(members, self._member())
            ranges += members
        return negated(ranges) if is_negated else ranges

    def _member(self) -> Ranges:
        char = self._take()
        return self._escaped() if char == "\\" else [(ord(char), ord(char))]

    def _range(self, low: Ranges, high: Ranges) -> Ranges:
        first, last = low[0][0], high[-1][1]
        is_single = all(len(side) == 1 and side[0][0] == side[0][1] for side in (low, high))
        if not is_single or last < first:
            raise self._refusal("a range in a class is not one character to a later one")
        return [(first, last)]

    def _escaped(self) -> Ranges:
        if found := _HEX.match(self._pattern, self._at):
            self._at = found.end()
            code = int(found[1] or found[2], 16)
            return [(code, code)]
        char = self._take()
        if char.lower() in _CLASSES:
            ranges = _CLASSES[char.lower()]
            return ranges if char.islower() else negated(ranges)
        if char in _CONTROLS:
            return [(_CONTROLS[char], _CONTROLS[char])]
        if char.isalnum():
            raise self._refusal(f"`\\{char}` cannot be followed in a grammar")
        return [(ord(char), ord(char))]

    def _one_of(self, ranges: Ranges) -> str:
        written = json_characters(ranges)
        if written is None:
            raise self._refusal("it asks for a character that no text can hold")
        return written

    def _take(self) -> str:
        char = self._next
        if not char:
            raise self._refusal("it ends too early")
        self._at += 1
        return char

    def _skip(self, char: str) -> bool:
        is_there = self._next == char
        self._at += is_there
        return is_there

    def _refusal(self, complaint: str) -> Exception:
        return refusal(self._place, f"the pattern `{shown(self._pattern)}`: {complaint}")

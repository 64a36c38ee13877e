"""GBNF text as tokens, each with the line where it stands."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from appliance.errors import GrammarRefused

MAX_TEXT_CHARS = 128 * 1024

_TOKEN = re.compile(
    r"""
      (?P<space>   (?: [ \t] | \#[^\r\n]* )+ )
    | (?P<newline> \r\n? | \n )
    | (?P<define>  ::= )
    | (?P<name>    [a-zA-Z0-9-]+ )
    | (?P<literal> " (?: [^"\\] | \\. )* " )
    | (?P<chars>   \[ (?: [^\]\\] | \\. )* \] )
    | (?P<times>   [*+?] | \{ [ \t]* [0-9]{1,9} [ \t]* (?: , [ \t]* (?: [0-9]{1,9} [ \t]* )? )? \} )
    | (?P<mark>    [|().] )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_PLAIN_ESCAPES = {"t": "\t", "r": "\r", "n": "\n", **{char: char for char in '\\"[]-'}}


class Token(NamedTuple):
    """`kind` is a group of the pattern above, or `end`."""

    kind: str
    text: str
    line: int


def tokens(text: str) -> Iterator[Token]:
    """Raises GrammarRefused."""
    if len(text) > MAX_TEXT_CHARS:
        raise GrammarRefused(
            f"The grammar has {len(text):,} characters; at most {MAX_TEXT_CHARS:,} are read."
        )
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise GrammarRefused(f"Line {line} of the grammar: {_complaint(text[at])}.")
        kind = found.lastgroup or ""
        if kind != "space":
            yield Token(kind, found.group(), line)
        line += found.group().count("\n")
        at = found.end()
    yield Token("end", "", line)


def characters(token: Token) -> Iterator[tuple[int, bool]]:
    """The code points inside a literal's quotes or a class's brackets, and whether each is meant
    literally: an escaped hyphen is no range.
    """
    text, at = token.text[1:-1], 0
    while at < len(text):
        if text[at] != "\\":
            yield ord(text[at]), False
            at += 1
            continue
        found = _ESCAPE.match(text, at)
        code_point = None if found is None else _escaped(found)
        if found is None or code_point is None:
            raise GrammarRefused(
                f"Line {token.line} of the grammar: `{text[at : at + 2]}` is no escape; these are: "
                '\\n \\r \\t \\\\ \\" \\[ \\] \\- \\xHH \\uHHHH \\UHHHHHHHH.'
            )
        yield code_point, True
        at = found.end()


def _escaped(found: re.Match[str]) -> int | None:
    digits = found[1] or found[2] or found[3]
    if digits:
        return int(digits, 16)
    plain = _PLAIN_ESCAPES.get(found[4])
    return None if plain is None else ord(plain)


def _complaint(char: str) -> str:
    if char in '"[':
        return f"the `{char}` is never closed"
    if char in "<!":
        return "tokens of the vocabulary cannot be named; write the text itself"
    if char == "{":
        return "a repetition is written {3}, {3,} or {3,5}"
    return f"`{char}` means nothing there"

"""Reads GBNF, llama.cpp's notation for grammars, into nodes.

The notation is llama.cpp's, without the names of single tokens, and stricter in three places where
it guesses: a rule stands once, a repetition is not itself repeated, and a class has members.
"""

from collections.abc import Iterator, Mapping

from appliance.engine.grammar.syntax import (
    LAST_CODE_POINT,
    Chars,
    Choice,
    Node,
    Reference,
    Repeat,
    Row,
    all_but,
    merged,
)
from appliance.engine.grammar.tokens import Token, characters, tokens
from appliance.errors import GrammarRefused

MAX_NESTING = 50
MAX_REPETITION = 5_000

_TIMES: Mapping[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def read_gbnf(text: str) -> dict[str, Node]:
    """The rules by name. Raises GrammarRefused with a line number and what to do."""
    return _Reader(tokens(text)).rules()


class _Reader:
    def __init__(self, source: Iterator[Token]) -> None:
        self._source = source
        self._token = next(source)

    def rules(self) -> dict[str, Node]:
        rules: dict[str, Node] = {}
        self._skip_newlines()
        while self._token.kind != "end":
            name = self._take("name", "a rule begins with its name")
            if name in rules:
                raise self._refusal(f"the rule `{name}` stands twice; leave one out")
            self._take("define", f"`::=` must follow `{name}`")
            rules[name] = self._choice(0)
            if self._token.kind not in ("newline", "end"):
                raise self._refusal(f"`{self._token.text}` is not expected")
            self._skip_newlines()
        return rules

    def _choice(self, nesting: int) -> Node:
        self._skip_newlines()
        options = [self._row(nesting)]
        while self._token.text == "|":
            self._advance()
            self._skip_newlines()
            options.append(self._row(nesting))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _row(self, nesting: int) -> Node:
        parts: list[Node] = []
        while (part := self._part(nesting)) is not None:
            self._skip_newlines_in(nesting)
            if self._token.kind == "times":
                part = self._repeat(part)
                self._skip_newlines_in(nesting)
                if self._token.kind == "times":
                    raise self._refusal("two repetitions follow each other; use parentheses")
            parts.append(part)
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def _part(self, nesting: int) -> Node | None:
        token = self._token
        node: Node
        match token.kind, token.text:
            case "literal", _:
                node = Row(tuple(_one(code, token) for code, _ in characters(token)))
            case "chars", _:
                node = _class(token)
            case "name", name:
                node = Reference(name, token.line)
            case "mark", ".":
                node = Chars(((0, LAST_CODE_POINT),))
            case "mark", "(":
                return self._group(nesting + 1)
            case "times", _:
                raise self._refusal(f"there is nothing before `{token.text}` to repeat")
            case _:
                return None
        self._advance()
        return node

    def _group(self, nesting: int) -> Node:
        if nesting > MAX_NESTING:
            raise self._refusal(f"more than {MAX_NESTING} parentheses are inside each other")
        opened = self._token.line
        self._advance()
        node = self._choice(nesting)
        if self._token.text != ")":
            raise self._refusal(f"the `(` of line {opened} is never closed")
        self._advance()
        return node

    def _repeat(self, node: Node) -> Node:
        text = self._token.text
        if text in _TIMES:
            least, most = _TIMES[text]
        else:
            first, comma, second = text[1:-1].partition(",")
            least = int(first)
            most = least if not comma else int(second) if second.strip() else None
        if max(least, most or 0) > MAX_REPETITION:
            raise self._refusal(f"`{text}` repeats too often; at most {MAX_REPETITION:,} times")
        if most is not None and most < least:
            raise self._refusal(f"`{text}` asks for at least {least} and at most {most}")
        self._advance()
        return Repeat(node, least, most)

    def _take(self, kind: str, sentence: str) -> str:
        if self._token.kind != kind:
            raise self._refusal(sentence)
        text = self._token.text
        self._advance()
        return text

    def _advance(self) -> None:
        self._token = next(self._source)

    def _skip_newlines(self) -> None:
        while self._token.kind == "newline":
            self._advance()

    def _skip_newlines_in(self, nesting: int) -> None:
        """Outside of parentheses the end of a line ends the rule."""
        if nesting:
            self._skip_newlines()

    def _refusal(self, complaint: str) -> GrammarRefused:
        return GrammarRefused(f"Line {self._token.line} of the grammar: {complaint}.")


def _one(code_point: int, token: Token) -> Chars:
    if not 0 < code_point <= LAST_CODE_POINT or 0xD800 <= code_point <= 0xDFFF:
        raise GrammarRefused(
            f"Line {token.line} of the grammar: U+{code_point:04X} is no character that a text "
            "can hold."
        )
    return Chars(((code_point, code_point),))


def _class(token: Token) -> Chars:
    """`[a-z_]` or `[^a-z_]`."""
    members = list(characters(token))
    is_negated = token.text.startswith("[^")
    if is_negated:
        del members[0]
    ranges, at = [], 0
    while at < len(members):
        first = last = members[at][0]
        at += 1
        if at + 1 < len(members) and members[at] == (ord("-"), False):
            last = members[at + 1][0]
            at += 2
        if last < first or last > LAST_CODE_POINT:
            raise GrammarRefused(f"Line {token.line} of the grammar: a range in a class is empty.")
        ranges.append((first, last))
    if not ranges:
        raise GrammarRefused(f"Line {token.line} of the grammar: a class has no characters.")
    whole = merged(ranges)
    return Chars(all_but(whole) if is_negated else whole)

"""The rules of the grammar that is being written, and JSON's own among them."""

import json
from typing import Any

_ESCAPE = r'"\\" (["\\/bfnrt] | "u" code)'
_BODIES = {
    "ws": r'( " " | "\n" [ \t]{0,20} )?',
    "string": rf'"\"" ( [^"\\\x00-\x1F] | {_ESCAPE} )* "\""',
    "char": rf'[^"\\\x00-\x1F] | {_ESCAPE}',
    # Half a surrogate pair is no text, whatever JSON itself says.
    "code": "[0-9a-cefA-CEF] hex{3} | [dD] [0-7] hex{2}"
    r' | [dD] [89abAB] hex{2} "\\u" [dD] [c-fC-F] hex{2}',
    "hex": "[0-9a-fA-F]",
    "number": '"-"? ( "0" | [1-9] [0-9]{0,14} ) ( "." [0-9]{1,15} )? ( [eE] [-+]? [0-9]{1,2} )?',
    "integer": '"0" | "-"? [1-9] [0-9]{0,14}',
    "boolean": '"true" | "false"',
    "null": '"null"',
}
_NEEDS = {"string": ("code",), "char": ("code",), "code": ("hex",)}
_ANY_NESTING = 16
"""How deep a value may go of which nothing is said; some parsers give up at a thousand."""

OBJECT_OF_ANYTHING = f"object-{_ANY_NESTING}"
ARRAY_OF_ANYTHING = f"array-{_ANY_NESTING}"
ANYTHING = f"value-{_ANY_NESTING}"


class Rules:
    """GBNF rules by name."""

    def __init__(self) -> None:
        self._bodies: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def text(self) -> str:
        return "\n".join(f"{name} ::= {body}" for name, body in self._bodies.items())

    def new(self, body: str) -> str:
        """The name of a rule with this body; the same body is the same rule."""
        if body not in self._names:
            self._names[body] = self.reserve()
            self.define(self._names[body], body)
        return self._names[body]

    def reserve(self) -> str:
        """A name whose body is still to come."""
        name = f"r{len(self._bodies)}"
        self._bodies[name] = ""
        return name

    def define(self, name: str, body: str) -> None:
        self._bodies[name] = body

    def json(self, name: str) -> str:
        """One of JSON's own rules, with those that it needs."""
        if name not in self._bodies:
            if name in _BODIES:
                self.define(name, _BODIES[name])
                for needed in _NEEDS.get(name, ()):
                    self.json(needed)
            else:
                self._define_anything()
        return name

    def _define_anything(self) -> None:
        options = ["string", "number", "boolean", "null"]
        for name in ("ws", *options):
            self.json(name)
        for level in range(_ANY_NESTING + 1):
            self.define(f"value-{level}", " | ".join(options))
            one = f"value-{level}"
            pair = f'string ":" ws {one}'
            self.define(f"array-{level + 1}", f'"[" ws ( {one} ( "," ws {one} )* ws )? "]"')
            self.define(f"object-{level + 1}", f'"{{" ws ( {pair} ( "," ws {pair} )* ws )? "}}"')
            options = [f"object-{level + 1}", f"array-{level + 1}", *options[-4:]]


def literal(text: str) -> str:
    """GBNF for exactly this text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def json_literal(value: Any) -> str:
    """GBNF for exactly this value, written without spaces."""
    return literal(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

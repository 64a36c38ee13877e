"""Objects: the named properties in their order, then what else is allowed."""

from collections.abc import Callable, Sequence
from typing import Any

from appliance.json_schema.keywords import list_of
from appliance.json_schema.refusals import refusal, shown
from appliance.json_schema.rules import OBJECT_OF_ANYTHING, Rules, json_literal

MAX_PROPERTIES = 1000
_MAX_NAME_CHARS = 200
_PLAIN = r'[^"\\\x00-\x1F'
"""A character of a key that needs no escape; the bracket is still open."""

Visit = Callable[[Any, str], str]
"""The name of the rule for a schema that stands at a place."""


def object_rule(rules: Rules, schema: dict[str, Any], place: str, visit: Visit) -> str:
    """The name of a rule for the objects that the schema asks for. Raises GrammarRefused."""
    properties = _properties(schema, place)
    required = list_of(schema, "required", place, MAX_PROPERTIES)
    more = schema.get("additionalProperties", not properties and not required)
    if not properties and not required and more is True:
        return rules.json(OBJECT_OF_ANYTHING)
    for name in required:
        _check_name(name, place)
        if properties.get(name, schema.get("additionalProperties")) is False:
            raise refusal(place, f"`{shown(name)}` is required and forbidden, so no object fits")
    names = [*properties, *dict.fromkeys(name for name in required if name not in properties)]
    pairs = []
    for name in names:
        value = properties.get(name, True if more is False else more)
        if value is not False:
            rule = visit(value, f"{place}/properties/{name}")
            pair = rules.new(f'{json_literal(name)} ":" {rules.json("ws")} {rule}')
            pairs.append((pair, name in required))
    other = None
    if more is not False:
        value = visit(more, f"{place}/additionalProperties")
        other = rules.new(f'{_other_keys(rules, names)} ":" {rules.json("ws")} {value}')
    return rules.new(f'"{{" ws {_members(rules, pairs, other)} ws "}}"')


def _properties(schema: dict[str, Any], place: str) -> dict[str, Any]:
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        raise refusal(place, "`properties` must be an object")
    if len(properties) > MAX_PROPERTIES:
        raise refusal(place, f"more than {MAX_PROPERTIES:,} properties cannot be followed")
    for name in properties:
        _check_name(name, place)
    return properties


def _check_name(name: Any, place: str) -> None:
    if not isinstance(name, str):
        raise refusal(place, "`required` must be a list of texts")
    if len(name) > _MAX_NAME_CHARS:
        raise refusal(
            place, f"the name `{shown(name)}` is longer than {_MAX_NAME_CHARS} characters"
        )


def _members(rules: Rules, pairs: Sequence[tuple[str, bool]], other: str | None) -> str:
    """What stands between the braces. Built from the end: with a comma before it, and without."""
    rules.json("ws")
    later = first = '""'
    if other is not None:
        later = rules.new(f'( "," ws {other} )*')
        first = rules.new(f"( {other} {later} )?")
    for pair, is_required in reversed(pairs):
        if is_required:
            first, later = rules.new(f"{pair} {later}"), rules.new(f'"," ws {pair} {later}')
        else:
            first = rules.new(f"{pair} {later} | {first}")
            later = rules.new(f'( "," ws {pair} )? {later}')
    return first


def _other_keys(rules: Rules, names: Sequence[str]) -> str:
    """A rule for keys that are none of `names`. They are written without escapes, because an escape
    could spell a name in another way.
    """
    tree: dict[str, Any] = {}
    for name in names:
        branch = tree
        for char in name:
            branch = branch.setdefault(char, {})
        branch[""] = {}
    return rules.new(rf'"\"" {_not_in(rules, tree)} "\""')


def _not_in(rules: Rules, tree: dict[str, Any]) -> str:
    chars = [char for char in tree if char]
    escaped = "".join(f"\\U{ord(char):08X}" for char in chars)
    options = [f"{_PLAIN}{escaped}] {_PLAIN}]*"]
    options += [f"[\\U{ord(char):08X}] {_not_in(rules, tree[char])}" for char in chars]
    if "" not in tree:
        options.append('""')
    return rules.new(" | ".join(options))

"""Which words a schema may use, and readers for their values."""

from decimal import Decimal
from typing import Any

from appliance.json_schema.numbers import MAX_DIGITS, Bound, decimal_places
from appliance.json_schema.refusals import refusal, shown

TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")

OF_TYPE = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}),
}
CHOOSING = frozenset({"$ref", "anyOf", "oneOf", "allOf", "const", "enum"})
_HARMLESS = frozenset({
    *("title", "description", "default", "example", "examples", "deprecated", "readOnly"),
    *("writeOnly", "discriminator", "$schema", "$id", "$comment", "$defs", "definitions"),
})  # fmt: skip
_KNOWN = frozenset({"type", "uniqueItems", *CHOOSING, *_HARMLESS}).union(*OF_TYPE.values())

MAX_COUNT = 4000


def check_keywords(schema: dict[str, Any], place: str) -> None:
    """Raises GrammarRefused for a word that would be dropped."""
    for word in schema:
        if word not in _KNOWN and not word.startswith("x-"):
            raise refusal(place, f"`{shown(word)}` is not supported; leave it out")
    if schema.get("uniqueItems"):
        raise refusal(place, "`uniqueItems` is not supported; leave it out")


def asserted(schema: dict[str, Any]) -> set[str]:
    """The words that say something about values."""
    return {word for word in schema if word in _KNOWN - _HARMLESS and word != "uniqueItems"}


def types_of(schema: dict[str, Any], place: str) -> list[str]:
    """Named ones, or those that its words speak of; none when it speaks of no type."""
    named = schema.get("type")
    if named is None:
        return [kind for kind, words in OF_TYPE.items() if not words.isdisjoint(schema)]
    types = named if isinstance(named, list) else [named]
    for kind in types:
        if kind not in TYPES:
            raise refusal(place, f"`{shown(kind)}` is no type; these are: {', '.join(TYPES)}")
    if not types:
        raise refusal(place, "`type` names no type, so no value fits")
    return list(dict.fromkeys(types))


def text_of(schema: dict[str, Any], word: str, place: str) -> str:
    value = schema[word]
    if not isinstance(value, str):
        raise refusal(place, f"`{word}` must be a text")
    return value


def list_of(schema: dict[str, Any], word: str, place: str, most: int) -> list[Any]:
    value = schema.get(word, [])
    if not isinstance(value, list):
        raise refusal(place, f"`{word}` must be a list")
    if len(value) > most:
        raise refusal(
            place, f"`{word}` has {len(value):,} members; at most {most:,} can be followed"
        )
    return value


def count_between(
    schema: dict[str, Any], least_word: str, most_word: str, place: str
) -> tuple[int, int | None]:
    """How many at least and at most."""
    least, most = _count(schema, least_word, place) or 0, _count(schema, most_word, place)
    if most is not None and least > most:
        raise refusal(place, f"`{least_word}` is {least} and `{most_word}` {most}: nothing fits")
    return least, most


def bounds(schema: dict[str, Any], place: str) -> tuple[Bound | None, Bound | None]:
    """The narrower lower and upper bound of a number."""
    lows = _bounds(schema, ("minimum", "exclusiveMinimum"), place)
    highs = _bounds(schema, ("maximum", "exclusiveMaximum"), place)
    low = max(lows, key=lambda bound: (bound.value, bound.is_open), default=None)
    high = min(highs, key=lambda bound: (bound.value, not bound.is_open), default=None)
    return low, high


def _count(schema: dict[str, Any], word: str, place: str) -> int | None:
    value = schema.get(word)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise refusal(place, f"`{word}` must be a whole number from 0")
    if value > MAX_COUNT:
        raise refusal(place, f"`{word}` is {shown(value)}; at most {MAX_COUNT:,} can be followed")
    return value


def _bounds(schema: dict[str, Any], words: tuple[str, str], place: str) -> list[Bound]:
    found = []
    for word in words:
        value = schema.get(word)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise refusal(place, f"`{word}` must be a number")
        limit, is_upper = 10**MAX_DIGITS, word in ("maximum", "exclusiveMaximum")
        if value >= limit if is_upper else value <= -limit:
            continue  # further out than any number that is written
        if abs(value) >= limit or decimal_places(Decimal(repr(value))) >= MAX_DIGITS - 1:
            raise refusal(place, f"`{word}` has too many digits; at most {MAX_DIGITS} are followed")
        found.append(Bound(Decimal(repr(value)), word.startswith("exclusive")))
    return found

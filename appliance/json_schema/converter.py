"""A JSON schema as GBNF."""

import json
from typing import Any

from appliance.json_schema.arrays import array_rule
from appliance.json_schema.disjoint import are_disjoint
from appliance.json_schema.keywords import (
    CHOOSING,
    asserted,
    bounds,
    check_keywords,
    list_of,
    types_of,
)
from appliance.json_schema.numbers import MAX_DIGITS, numbers_between
from appliance.json_schema.objects import object_rule
from appliance.json_schema.references import target_of
from appliance.json_schema.refusals import refusal
from appliance.json_schema.rules import ANYTHING, OBJECT_OF_ANYTHING, Rules, json_literal
from appliance.json_schema.strings import string_rule

MAX_SCHEMA_BYTES = 64 * 1024
MAX_DEPTH = 60
MAX_OPTIONS = 500


def any_object_gbnf() -> str:
    """For JSON objects of which nothing is said."""
    rules = Rules()
    rules.define("root", rules.json(OBJECT_OF_ANYTHING))
    return rules.text()


def schema_to_gbnf(schema: Any) -> str:
    """Raises GrammarRefused: impossible, too large, or with a word that cannot be followed."""
    if not isinstance(schema, dict | bool):
        raise refusal("#", "it must be an object")
    _check_size(schema)
    return _Converter(schema).gbnf()


def _check_size(schema: Any) -> None:
    level, depth = [schema], 0
    while level:
        if depth > MAX_DEPTH:
            raise refusal("#", f"it is nested deeper than {MAX_DEPTH} levels; use `$defs`")
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        level, depth = inner, depth + 1
    try:
        size = len(json.dumps(schema, ensure_ascii=False, allow_nan=False).encode())
    except ValueError as error:
        raise refusal("#", f"it holds a value that is no JSON: {error}") from error
    if size > MAX_SCHEMA_BYTES:
        raise refusal("#", f"it has {size:,} bytes; at most {MAX_SCHEMA_BYTES:,} are read")


class _Converter:
    def __init__(self, schema: Any) -> None:
        self._root = schema
        self._rules = Rules()
        self._references: dict[str, str] = {}
        self._waiting: list[tuple[str, str]] = []

    def gbnf(self) -> str:
        self._rules.define("root", self._visit(self._root, "#"))
        while self._waiting:  # a schema that names itself is a rule that names itself
            reference, name = self._waiting.pop()
            target = target_of(self._root, reference, "#")
            self._rules.define(name, self._visit(target, reference))
        return self._rules.text()

    def _visit(self, schema: Any, place: str) -> str:
        """The name of a rule for what fits `schema`."""
        if schema is False:
            raise refusal(place, "`false` allows nothing, so no value fits")
        if schema is True:
            return self._rules.json(ANYTHING)
        if not isinstance(schema, dict):
            raise refusal(place, "it must be an object, true or false")
        check_keywords(schema, place)
        words = asserted(schema)
        choosing = words & CHOOSING
        if not words:
            return self._rules.json(ANYTHING)
        if not choosing:
            return self._typed(schema, place)
        (word, *others) = sorted(choosing)
        beside = sorted(words - {word} - ({"type"} if word in ("const", "enum") else set()))
        if others or beside:
            raise refusal(place, f"`{word}` cannot stand beside `{beside[0]}`; choose one of them")
        match word:
            case "$ref":
                return self._reference(schema["$ref"], place)
            case "const" | "enum":
                return self._constants(schema, place)
            case _:
                return self._options(word, schema, place)

    def _reference(self, reference: Any, place: str) -> str:
        target_of(self._root, reference, place)
        if reference not in self._references:
            self._references[reference] = self._rules.reserve()
            self._waiting.append((reference, self._references[reference]))
        return self._references[reference]

    def _constants(self, schema: dict[str, Any], place: str) -> str:
        values = list_of(schema, "enum", place, MAX_OPTIONS)
        if "const" in schema:
            values = [schema["const"]]
        if "type" in schema:
            types = types_of(schema, place)
            values = [value for value in values if any(_is_of(value, kind) for kind in types)]
        if not values:
            raise refusal(place, "none of the values it names is allowed, so nothing fits")
        return self._rules.new(" | ".join(dict.fromkeys(map(json_literal, values))))

    def _options(self, word: str, schema: dict[str, Any], place: str) -> str:
        options = list_of(schema, word, place, MAX_OPTIONS)
        if not options:
            raise refusal(place, f"`{word}` has no members")
        if word == "allOf" and len(options) > 1:
            raise refusal(place, "`allOf` with several members is not supported; write them as one")
        if word == "oneOf":
            self._check_disjoint(options, place)
        possible = [(at, option) for at, option in enumerate(options) if option is not False]
        rules = [self._visit(option, f"{place}/{word}/{at}") for at, option in possible]
        if not rules:
            raise refusal(place, f"every member of `{word}` is `false`, so no value fits")
        return self._rules.new(" | ".join(dict.fromkeys(rules)))

    def _check_disjoint(self, options: list[Any], place: str) -> None:
        if len(options) > 50:
            raise refusal(place, "`oneOf` has more than 50 members; use `anyOf`")
        for at, option in enumerate(options):
            for other in options[:at]:
                if not are_disjoint(option, other, self._resolved):
                    raise refusal(
                        place,
                        "members of `oneOf` may both fit one value; use `anyOf`, or a required "
                        "property with another `const` in each",
                    )

    def _resolved(self, schema: Any) -> Any:
        for _ in range(MAX_DEPTH):
            if not isinstance(schema, dict) or "$ref" not in schema:
                break
            schema = target_of(self._root, schema["$ref"], "#")
        return schema

    def _typed(self, schema: dict[str, Any], place: str) -> str:
        rules = [self._of_type(kind, schema, place) for kind in types_of(schema, place)]
        return rules[0] if len(rules) == 1 else self._rules.new(" | ".join(rules))

    def _of_type(self, kind: str, schema: dict[str, Any], place: str) -> str:
        match kind:
            case "object":
                return object_rule(self._rules, schema, place, self._visit)
            case "array":
                return array_rule(self._rules, schema, place, self._visit)
            case "string":
                return string_rule(self._rules, schema, place)
            case "number" | "integer":
                return self._number(kind, schema, place)
            case _:
                return self._rules.json(kind)

    def _number(self, kind: str, schema: dict[str, Any], place: str) -> str:
        low, high = bounds(schema, place)
        if low is None and high is None:
            return self._rules.json(kind)
        body = numbers_between(low, high, whole=kind == "integer")
        if body is None:
            raise refusal(place, f"no {kind} of at most {MAX_DIGITS} digits is between its bounds")
        return self._rules.new(body)


def _is_of(value: Any, kind: str) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "number":
            return is_number
        case "integer":
            return is_number and value == int(value)
        case "null":
            return value is None
        case _:
            kinds = {"object": dict, "array": list, "string": str, "boolean": bool}
            return isinstance(value, kinds[kind])

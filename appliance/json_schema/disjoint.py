"""Whether two schemas can never both fit: only then is `oneOf` the same as `anyOf`."""

import json
from collections.abc import Callable
from typing import Any

Resolve = Callable[[Any], Any]
"""The schema itself, where a `$ref` names another."""


def are_disjoint(one: Any, other: Any, resolve: Resolve) -> bool:
    """True when it is plain to see: other types, other constants, or a required property with other
    constants.
    """
    one, other = resolve(one), resolve(other)
    if not isinstance(one, dict) or not isinstance(other, dict):
        return one is False or other is False
    return (
        _have_other(_types(one), _types(other))
        or _have_other(_constants(one), _constants(other))
        or any(
            _have_other(
                _constants(resolve(one["properties"][name])),
                _constants(resolve(other["properties"][name])),
            )
            for name in _tags(one) & _tags(other)
        )
    )


def _have_other(one: set[str] | None, other: set[str] | None) -> bool:
    return one is not None and other is not None and one.isdisjoint(other)


def _types(schema: dict[str, Any]) -> set[str] | None:
    named = schema.get("type")
    types = {str(kind) for kind in (named if isinstance(named, list) else [named])}
    if named is None:
        return None
    return types | {"integer"} if "number" in types else types


def _constants(schema: Any) -> set[str] | None:
    if not isinstance(schema, dict):
        return None
    if "const" in schema:
        return {_canonical(schema["const"])}
    values = schema.get("enum")
    return {_canonical(value) for value in values} if isinstance(values, list) else None


def _canonical(value: Any) -> str:
    """The same text for the same value: 1 and 1.0 are one number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def _tags(schema: dict[str, Any]) -> set[str]:
    """Properties that every object of this schema has."""
    properties, required = schema.get("properties"), schema.get("required")
    if schema.get("type") != "object" or not isinstance(properties, dict):
        return set()
    names = required if isinstance(required, list) else []
    return {name for name in names if isinstance(name, str) and name in properties}

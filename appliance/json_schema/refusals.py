"""Sentences about what is wrong with a schema, and where in it."""

from typing import Any

from appliance.errors import GrammarRefused

_SHOWN_CHARS = 120


def refusal(place: str, complaint: str) -> GrammarRefused:
    """`place` is a JSON pointer from `#`."""
    return GrammarRefused(f"The JSON schema at `{shown(place)}`: {complaint}.")


def shown(value: Any) -> str:
    """Something out of a schema, short enough for a sentence."""
    text = str(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."

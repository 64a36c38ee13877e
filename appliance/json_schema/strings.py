"""Strings: any, of a length, of a pattern, of a format."""

from typing import Any

from appliance.json_schema.keywords import count_between, text_of
from appliance.json_schema.patterns import pattern_to_gbnf
from appliance.json_schema.refusals import refusal, shown
from appliance.json_schema.rules import Rules

_YEAR = "[12][0-9]{3}"
_DATE = "|".join(
    [
        rf"{_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])",
        rf"{_YEAR}-(0[13-9]|1[0-2])-(29|30)",
        rf"{_YEAR}-(0[13578]|1[02])-31",
        r"([12][0-9](0[48]|[2468][048]|[13579][26])|(12|16|20|24|28)00)-02-29",
    ]
)
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_TIME = rf"{_CLOCK}:[0-5][0-9](\.[0-9]{{1,6}})?(Z|[+-]{_CLOCK})"
_BYTE = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LABEL = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?"
FORMATS = {
    "date": f"^({_DATE})$",
    "time": f"^{_TIME}$",
    "date-time": f"^({_DATE})T{_TIME}$",
    "uuid": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    "ipv4": rf"^({_BYTE}\.){{3}}{_BYTE}$",
    "hostname": rf"^{_LABEL}(\.{_LABEL}){{0,3}}$",
    "email": rf"^[a-zA-Z0-9_+-]+(\.[a-zA-Z0-9_+-]+)*@{_LABEL}(\.{_LABEL}){{1,3}}$",
}


def string_rule(rules: Rules, schema: dict[str, Any], place: str) -> str:
    """The name of a rule for the strings that the schema asks for. Raises GrammarRefused."""
    asked = [name for name in ("pattern", "format") if name in schema]
    least, most = count_between(schema, "minLength", "maxLength", place)
    has_length = "minLength" in schema or "maxLength" in schema
    if len(asked) + has_length > 1:
        raise refusal(place, "only one of `pattern`, `format` and a length can be followed; choose")
    if "pattern" in schema:
        return rules.new(pattern_to_gbnf(text_of(schema, "pattern", place), place))
    if "format" in schema:
        name = text_of(schema, "format", place)
        if name not in FORMATS:
            known = ", ".join(FORMATS)
            raise refusal(place, f"the format `{shown(name)}` is not known; these are: {known}")
        return rules.new(pattern_to_gbnf(FORMATS[name], place))
    if has_length:
        upto = "" if most is None else most
        return rules.new(rf'"\"" {rules.json("char")}{{{least},{upto}}} "\""')
    return rules.json("string")

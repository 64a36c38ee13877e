"""Arrays: the members that have a place of their own, then as many others as are asked for."""

from typing import Any

from appliance.json_schema.keywords import count_between, list_of
from appliance.json_schema.objects import Visit
from appliance.json_schema.refusals import refusal
from appliance.json_schema.rules import ARRAY_OF_ANYTHING, Rules

_MAX_PLACES = 1000


def array_rule(rules: Rules, schema: dict[str, Any], place: str, visit: Visit) -> str:
    """The name of a rule for the arrays that the schema asks for. Raises GrammarRefused."""
    least, most = count_between(schema, "minItems", "maxItems", place)
    fixed = list_of(schema, "prefixItems", place, _MAX_PLACES)[:most]
    others = schema.get("items", not fixed or least > len(fixed))
    if isinstance(others, list):
        raise refusal(place, "`items` must be one schema; members by place go to `prefixItems`")
    if others is True and not fixed and least == 0 and most is None:
        return rules.json(ARRAY_OF_ANYTHING)
    if others is False:
        if least > len(fixed):
            raise refusal(place, f"`minItems` is {least}, and no such member is allowed")
        most = len(fixed)
    members = [visit(one, f"{place}/prefixItems/{at}") for at, one in enumerate(fixed)]
    least, most = max(0, least - len(fixed)), None if most is None else most - len(fixed)
    ws = rules.json("ws")
    inside = f' "," {ws} '.join(members)
    if most != 0:
        inside = _more(inside, visit(others, f"{place}/items"), least, most)
    return rules.new(f'"[" {ws} {inside} {ws} "]"')


def _more(before: str, other: str, least: int, most: int | None) -> str:
    """`before`, and then `least` to `most` others; the comma stands between any two."""
    if before:
        return f'{before} ( "," ws {other} ){{{least},{"" if most is None else most}}}'
    times = f"{max(0, least - 1)},{'' if most is None else most - 1}"
    row = f'{other} ( "," ws {other} ){{{times}}}'
    return row if least else f"( {row} )?"

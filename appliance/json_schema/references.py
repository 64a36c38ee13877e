"""`$ref`: other places of the same schema. Nothing outside of it is ever looked up."""

from typing import Any
from urllib.parse import unquote

from appliance.json_schema.refusals import refusal, shown


def target_of(root: Any, reference: Any, place: str) -> Any:
    """The schema that a reference like `#/$defs/name` points to. Raises GrammarRefused."""
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        raise refusal(
            place,
            f"`$ref` is `{shown(reference)}`; only places of the same schema can be named, like "
            "`#/$defs/name`",
        )
    target = root
    for step in reference[2:].split("/") if reference != "#" else []:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(target, dict) and key in target:
            target = target[key]
        elif isinstance(target, list) and key.isdecimal() and int(key[:9]) < len(target):
            target = target[int(key[:9])]
        else:
            raise refusal(place, f"`$ref` points to `{shown(reference)}`, which is not there")
    return target

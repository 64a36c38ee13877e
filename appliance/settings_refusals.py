"""What is said when a setting is refused. A secret's value never appears in it."""

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from appliance.settings_sources import Layer


def _is_secret(field: FieldInfo) -> bool:
    # By the spelling: however a secret is wrapped (optional, annotated, in a list), it stays one.
    return "SecretStr" in repr(field.annotation)


def refusal(error: ValidationError, known: Mapping[str, FieldInfo], layers: list[Layer]) -> str:
    """One sentence for each wrong setting: name, value, where it came from, what is allowed."""
    sentences = []
    for problem in error.errors(include_url=False):
        # A union adds the name of its branch behind the setting's own: keep the known part.
        path = ".".join(str(part) for part in problem["loc"])
        name = next((name for name in known if path == name or path.startswith(f"{name}.")), path)
        reason = str(problem["ctx"]["error"]) if "error" in problem.get("ctx", {}) else None
        if name not in known:
            sentences.append(
                f"{reason or f'{name} is a section: write [{name}] above its settings'}."
            )
            continue
        layer = next((layer for layer in reversed(layers) if name in layer.values), None)
        source = layer.source_of(name) if layer else "default"
        value = "a secret that is not shown" if _is_secret(known[name]) else "not set"
        if layer and not _is_secret(known[name]):
            value = repr(layer.values[name])
        extra = known[name].json_schema_extra
        allowed = extra["allowed"] if isinstance(extra, dict) else ""
        sentences.append(
            f"The setting {name} is {value} (from {source}); "
            f"{reason + ': ' if reason else ''}it must be {allowed}."
        )
    return "\n".join(dict.fromkeys(sentences))

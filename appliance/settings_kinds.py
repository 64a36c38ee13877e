"""How a setting is written down: its kind, its help and what is allowed."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from appliance import settings_checks as checks

# Names become parts of paths, so nothing that could leave the folder.
MODEL_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"

Whole = Annotated[int, BeforeValidator(checks.not_a_bool)]
Folder = Annotated[Path, BeforeValidator(checks.absolute_path)]
File = Folder
# NoDecode: in a variable a list is written with commas, not as JSON.
HostNames = Annotated[list[str], NoDecode, BeforeValidator(checks.host_names)]
Networks = Annotated[list[IPv4Network | IPv6Network], NoDecode, BeforeValidator(checks.networks)]


def setting(default: Any, help_text: str, allowed: str, **limits: Any) -> Any:
    """A field with its help; `allowed` ends the sentence "it must be ..." of a refusal."""
    if callable(default):
        limits["default_factory"] = default
    else:
        limits["default"] = default
    return Field(description=help_text, json_schema_extra={"allowed": allowed}, **limits)


def whole(default: int | None, low: int, high: int, help_text: str) -> Any:
    allowed = f"a whole number from {low} to {high}"
    return setting(default, help_text, allowed, ge=low, le=high)


class Section(BaseModel):
    """One table of the TOML file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True
    )

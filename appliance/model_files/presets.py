"""The models that are known by name, as `models/models.toml` lists them."""

from pathlib import Path
from typing import Annotated, Any

import msgspec

from appliance.errors import ModelError


class LoraUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An adapter that a model is to be run with. `file` is the one it was added from."""

    file: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    scale: Annotated[float, msgspec.Meta(ge=-4, le=4)] = 1.0


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model that can be had: from a Python package, or from a repository on the hub."""

    name: str = ""
    title: str
    file: str
    licence: str
    context_tokens: int
    min_memory_gb: int
    languages: tuple[str, ...]
    note: str
    package: str | None = None
    repo: str | None = None
    sha256: str | None = None
    template_sha256: str | None = None
    quantisation: str = ""
    sampling: dict[str, Any] = {}
    template_values: dict[str, bool | str] = {}
    lora: tuple[LoraUse, ...] = ()


class _Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: dict[str, Preset]
    templates: dict[str, str] = {}


def load_presets(path: Path) -> dict[str, Preset]:
    """By name, in the order of the file. Raises ModelError for a file that cannot be read."""
    listed = _read(path).models
    return {name: msgspec.structs.replace(preset, name=name) for name, preset in listed.items()}


def load_known_templates(path: Path) -> dict[str, str]:
    """Titles of the chat templates accepted without asking, by the sha256 of their text."""
    return _read(path).templates


def _read(path: Path) -> _Listed:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_Listed)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelError(
            f"The list of models {path} cannot be read ({error}); restore it from the release."
        ) from error

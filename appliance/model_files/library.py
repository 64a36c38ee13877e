"""Which models are here. Only what this finds is ever loaded into the serving process.

A model is either the one that comes inside a Python package, pinned by its sha256, or a file that
passed `add`: tried in a child process, its chat template accepted, listed in the manifest.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from appliance.errors import ModelError, ModelMissing, ModelRefused
from appliance.model_files.atomic_file import (
    adopt,
    make_directory,
    sync_directory,
    write_atomically,
)
from appliance.model_files.checksums import Checksums
from appliance.model_files.installed import (
    Adapter,
    InstalledModel,
    added,
    embedded,
    unchanged,
)
from appliance.model_files.manifest import Manifest, ManifestRow
from appliance.model_files.names import check_name, name_for, plain
from appliance.model_files.presets import LoraUse, Preset
from appliance.sentences import say


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
        found = [embedded(preset) for preset in self.presets.values()]
        rows = [row for row in self.manifest.rows().values() if not row.adapter_of]
        return (
            *(model for model in found if model),
            *(added(self.directory, row) for row in rows),
        )

    def adapters(self) -> tuple[InstalledModel, ...]:
        """The adapters that are here."""
        rows = self.manifest.rows().values()
        return tuple(added(self.directory, row) for row in rows if row.adapter_of)

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
        return unchanged(model, self._checksums.of(model.path))

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
        file = added(self.directory, row)
        unchanged(file, self._checksums.of(file.path))
        return Adapter(name, file.path, file.sha256, use.scale)

    def verify(self, name: str) -> InstalledModel:
        """The same, with the whole file read."""
        model = self._named(name)
        return unchanged(model, self._checksums.read(model.path))

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
        return added(self.directory, row)

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
            return added(self.directory, row)
        preset = self.presets.get(name)
        model = embedded(preset) if preset else None
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

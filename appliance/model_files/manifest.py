"""The list of models that were added: what is not in it never loads.

Files are stored under their sha256, so that no name becomes a path, and a row cannot point
outside the directory.
"""

from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import ModelRefused
from appliance.model_files.atomic_file import write_atomically
from appliance.model_files.names import check_name
from appliance.sentences import say


class ManifestRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model that passed the trial, and whose chat template was accepted."""

    name: str
    sha256: str
    size_bytes: int
    title: str
    licence: str
    architecture: str
    quantisation: str
    context_tokens: int
    template_sha256: str
    source: str
    added_at: int
    sampling: dict[str, Any] = {}
    template_values: dict[str, bool | str] = {}
    adapter_of: str = ""
    """The sha256 of the model it was tried with, if it is a LoRA adapter and no model."""

    @property
    def file_name(self) -> str:
        return f"{self.sha256}.gguf"


class Manifest:
    """The rows, in one JSON file beside the models."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def rows(self) -> dict[str, ManifestRow]:
        """By name. Raises ModelRefused when the list itself is damaged."""
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._refused(str(error.strerror)) from error
        try:
            rows = msgspec.json.decode(content, type=list[ManifestRow])
        except msgspec.DecodeError as error:
            raise self._refused(str(error)) from error
        if any(not _is_sha256(row.sha256) for row in rows):
            raise self._refused("a sha256 is not one")
        return {check_name(row.name): row for row in rows}

    def put(self, row: ManifestRow) -> None:
        self._write({**self.rows(), row.name: row})

    def drop(self, name: str) -> None:
        self._write({other: row for other, row in self.rows().items() if other != name})

    def _write(self, rows: dict[str, ManifestRow]) -> None:
        content = msgspec.json.format(msgspec.json.encode(list(rows.values())), indent=2)
        write_atomically(self._file, content)

    def _refused(self, reason: str) -> ModelRefused:
        return ModelRefused(
            say(
                "The list of models %(file)s cannot be read (%(reason)s); delete it and add the "
                "models again.",
                file=str(self._file),
                reason=reason,
            )
        )


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(char in "0123456789abcdef" for char in text)

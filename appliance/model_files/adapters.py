"""The door for LoRA adapters: the same as for models, and tried on the model that they are for."""

import time
from pathlib import Path

from appliance.errors import ModelRefused
from appliance.model_files.adding import copied
from appliance.model_files.gguf_header import check_header
from appliance.model_files.installed import InstalledModel
from appliance.model_files.library import ModelLibrary
from appliance.model_files.manifest import ManifestRow
from appliance.model_files.names import check_name, plain
from appliance.model_files.trial_run import run_adapter_trial


def add_adapter(library: ModelLibrary, path: Path, name: str, base_name: str) -> InstalledModel:
    """Try the adapter at `path` on the model `base_name` in a process of its own, and take it in.

    Raises ModelMissing, and ModelRefused for a file that does not pass; nothing of it stays then.
    """
    check_name(name)
    row = library.manifest.rows().get(name)
    if name in library.presets or (row is not None and not row.adapter_of):
        raise ModelRefused(
            f"There is a model {name} already; call the adapter otherwise, by --name."
        )
    base = library.checked(base_name)
    shown = plain(path.name, 80)
    check_header(path, shown)
    with copied(library.directory, path) as (file, sha256, size_bytes):
        check_header(file, shown)
        report = run_adapter_trial(file, base.path, shown)
        row = ManifestRow(
            name=name,
            sha256=sha256,
            size_bytes=size_bytes,
            title=plain(report.title, 100) or name,
            licence=plain(report.licence, 100) or "unknown",
            architecture=plain(report.architecture, 40),
            quantisation="",
            context_tokens=0,
            template_sha256="",
            source=plain(str(path), 300),
            added_at=int(time.time()),
            adapter_of=base.sha256,
        )
        return library.insert(row, file)

"""A bundle as it is made, but with two small packages instead of a gigabyte of them."""

import zipfile
from pathlib import Path

import pytest
from machine_folder import PROJECT

from appliance.installation.bundle import wheels
from appliance.installation.bundle.making import Ingredients, make_bundle
from appliance.installation.bundle.manifest import Manifest
from appliance.installation.bundle.signing import load_key, make_key

METADATA = """\
Metadata-Version: 2.4
Name: {name}
Version: {version}
License-Expression: MIT
"""


def small_wheel(folder: Path, name: str, version: str) -> Path:
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        told = METADATA.format(name=name, version=version)
        archive.writestr(f"{name}-{version}.dist-info/METADATA", told)
    return path


def small_bundle(
    folder: Path, monkeypatch: pytest.MonkeyPatch, project: Path = PROJECT, model: bytes = b""
) -> tuple[Path, str, Manifest]:
    """The file, the public key's words, and what it says of itself."""

    def fetched(*arguments: str) -> None:
        if "-r" in arguments and arguments[0] == "download":
            small_wheel(Path(arguments[3]), "one_package", "1.0")

    monkeypatch.setattr(wheels, "_pip", fetched)
    key = folder / "bundle.key"
    public = make_key(key)
    llama = small_wheel(folder, "llama_cpp_python", "0.3.36")
    models = {}
    if model:
        models = {"small": folder / "small.gguf"}
        models["small"].write_bytes(model)
    file = folder / "box.bundle"
    manifest = make_bundle(file, Ingredients(project, models, llama), load_key(key))
    return file, public.words, manifest

"""Making a bundle, on a connected machine that has the box."""

import hashlib
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.errors import InstallationError
from appliance.installation.bundle import manifest as said
from appliance.installation.bundle import sbom, wheels
from appliance.installation.bundle.manifest import Manifest, Member
from appliance.installation.bundle.signing import sign
from appliance.installation.project import copy_project, release_of, version_of

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Ingredients:
    """`models` are files by the names that they shall have; without `llama_wheel` llama.cpp is
    built now.
    """

    project: Path
    models: dict[str, Path]
    llama_wheel: Path | None = None


def make_bundle(file: Path, ingredients: Ingredients, key: Ed25519PrivateKey) -> Manifest:
    """Write and sign it; a file of that name is replaced when all is well. Raises
    InstallationError.
    """
    unfinished = file.with_name(f".{file.name}.new")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".bundle-") as place:
            manifest = gather(Path(place), ingredients)
            _write(unfinished, Path(place), manifest)
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        sign(unfinished, key, f"appliance {manifest.release} {manifest.platform} {at}")
        unfinished.replace(file)
    except OSError as error:
        raise InstallationError(f"{file} could not be written: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def gather(folder: Path, ingredients: Ingredients) -> Manifest:
    """All that a bundle holds, its lists too, in a folder. Raises InstallationError, OSError."""
    copy_project(ingredients.project, folder / "project")
    wheels.gather(folder / "project", folder / "wheels", ingredients.llama_wheel)
    named = {f"models/{name}.gguf": name for name in ingredients.models}
    for file, name in named.items():
        (folder / "models").mkdir(exist_ok=True)
        # A model may be large: a link, for as long as it is read here.
        (folder / file).symlink_to(ingredients.models[name].resolve())
    files = {name: _member(folder / name) for name in _names(folder)}
    version = version_of(folder / "project")
    (folder / sbom.NAME).write_bytes(sbom.sbom(version, folder / "wheels", named, files))
    files[sbom.NAME] = _member(folder / sbom.NAME)
    manifest = Manifest(
        release=release_of(folder / "project"),
        platform=wheels.this_platform(),
        python=wheels.this_python(),
        libc=wheels.this_libc(),
        cpu=wheels.CPU_NEEDS,
        models=named,
        files=files,
    )
    (folder / said.NAME).write_bytes(manifest.written())
    return manifest


def _write(file: Path, folder: Path, manifest: Manifest) -> None:
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT, dereference=True) as tar:
        for name in (said.NAME, *manifest.files):
            tar.add(folder / name, name, recursive=False, filter=_plain)


def _names(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]


def _member(path: Path) -> Member:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return Member(size, digest.hexdigest())


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without what is this machine's business."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = "root"
    member.mode = 0o755 if member.mode & 0o100 and member.name.startswith("project/") else 0o644
    return member

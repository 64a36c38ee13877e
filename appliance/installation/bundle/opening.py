"""Opening a bundle: its signature first, then its machine, and only then its files."""

import hashlib
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import IO, BinaryIO, cast

from appliance.errors import BundleRefused, InstallationError
from appliance.installation.bundle.manifest import MOST_BYTES, NAME, Manifest, read_manifest
from appliance.installation.bundle.signature import CHANGED, SIZE, PublicKey, key_from, signed_hash
from appliance.installation.machine import check_room
from appliance.installation.one_at_a_time import is_held
from appliance.installation.payload import CarriedModel, Payload
from appliance.installation.places import Places
from appliance.installation.whole_files import remove, write_whole

_FOLDER = ".bundle-"
_PIECE = 1 << 20
NO_KEY = (
    "Which key must have signed {file}? Name it with --key: `appliance bundle key` prints it where "
    "the bundle was made. From then on this machine knows it."
)


@contextmanager
def opened_bundle(places: Places, file: Path, key: str | None) -> Iterator[Payload]:
    """What it brings, unpacked until the end of the block. The key is known from then on.

    Raises BundleRefused, InstallationError; then nothing of it was run, and nothing is left.
    """
    trusted = trusted_key(places, file, key)
    try:
        bundle = file.open("rb")
    except OSError as error:
        raise InstallationError(f"{file} cannot be read: {error.strerror}.") from error
    with bundle:
        digest = signed_hash(bundle, file.name, trusted)
        manifest = first_member(bundle)
        manifest.check_machine()
        _clear_up(places)
        check_room(places.releases, file.stat().st_size)
        places.releases.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=places.releases))
        folder.chmod(0o755)  # models are tried by the box's own user
        try:
            unpack(bundle, folder, manifest, digest, file.name)
            if key is not None:
                write_whole(places.bundle_key, trusted.file)
            yield payload_in(folder, manifest)
        except OSError as error:
            raise InstallationError(
                f"{file.name} could not be unpacked: {error.strerror}. Make room in "
                f"{places.releases} and start again."
            ) from error
        finally:
            remove(folder)


def trusted_key(places: Places, file: Path, key: str | None) -> PublicKey:
    """The one that was named, or else the one that this machine knows. Raises InstallationError."""
    if key is None and not places.bundle_key.is_file():
        raise InstallationError(NO_KEY.format(file=file.name))
    return key_from(key or str(places.bundle_key))


def first_member(bundle: BinaryIO) -> Manifest:
    """The bundle's own list. Raises BundleRefused."""
    bundle.seek(0)
    try:
        with tarfile.open(fileobj=bundle, mode="r|") as tar:
            first = tar.next()
            if first is None or first.name != NAME or first.size > MOST_BYTES:
                raise BundleRefused("The file is signed, but it is no bundle.")
            content = tar.extractfile(first)
            assert content is not None
            return read_manifest(content.read())
    except tarfile.TarError as error:
        raise BundleRefused("The file is signed, but it is no bundle.") from error


def unpack(bundle: BinaryIO, folder: Path, manifest: Manifest, digest: bytes, name: str) -> None:
    """All files of the list and nothing else, hashed once more on their way.

    Raises BundleRefused when it is not any more what was signed a moment ago.
    """
    size = bundle.seek(0, os.SEEK_END) - SIZE
    bundle.seek(0)
    reader, missing = _Reader(bundle, size), dict(manifest.files)
    try:
        with tarfile.open(fileobj=cast(BinaryIO, reader), mode="r|") as tar:
            for member in tar:
                if member.name == NAME:
                    continue
                wanted = missing.pop(member.name, None)
                content = tar.extractfile(member) if member.isreg() else None
                if wanted is None or content is None or member.size != wanted.size:
                    raise BundleRefused(CHANGED.format(file=name))
                is_program = bool(member.mode & 0o100)
                if _write(content, folder / member.name, is_program) != wanted.sha256:
                    raise BundleRefused(CHANGED.format(file=name))
    except tarfile.TarError as error:
        raise BundleRefused(CHANGED.format(file=name)) from error
    if missing or reader.digest() != digest:
        raise BundleRefused(CHANGED.format(file=name))


def payload_in(folder: Path, manifest: Manifest) -> Payload:
    """What was unpacked there."""
    models = (CarriedModel(folder / file, name) for file, name in manifest.models.items())
    project, wheels = folder / "project", folder / "wheels"
    return Payload(project, wheels, manifest.python, manifest.cpu, tuple(models))


def brought_by_package(folder: Path) -> Payload:
    """The same of what dpkg unpacked, which vouches for it. Raises InstallationError."""
    try:
        manifest = read_manifest((folder / NAME).read_bytes())
    except OSError as error:
        raise InstallationError(f"{folder} is not what the package brought.") from error
    manifest.check_machine()
    return payload_in(folder, manifest)


class _Reader:
    """Hashes all that is read through it."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left, self._digest = file, size, blake2b()

    def read(self, size: int) -> bytes:
        piece = self._file.read(min(size, self._left))
        self._left -= len(piece)
        self._digest.update(piece)
        return piece

    def digest(self) -> bytes:
        while self.read(_PIECE):
            pass
        return self._digest.digest()


def _write(content: IO[bytes], path: Path, is_program: bool) -> str:
    """The sha256 of what was written."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("xb") as file:
        while piece := content.read(_PIECE):
            digest.update(piece)
            file.write(piece)
    path.chmod(0o755 if is_program else 0o644)
    return digest.hexdigest()


def _clear_up(places: Places) -> None:
    """What an interrupted one left, unless it is at work now."""
    if places.releases.is_dir() and not is_held(places.lock):
        for left in places.releases.glob(f"{_FOLDER}*"):
            remove(left)

"""SHA-256 of model files, remembered as long as a file looks untouched.

Hashing takes a quarter of a second for the embedded model and half a minute for a large one; a
start must not wait for it each time. A file is untouched while its size, inode and time of change
are the same. Whoever can fake those can write the list of models too; `verify` always reads it all.
"""

import hashlib
import os
import stat
from pathlib import Path

import msgspec

from appliance.errors import ModelMissing
from appliance.model_files.atomic_file import write_atomically
from appliance.sentences import say

_CHUNK_BYTES = 1 << 20


class _Seen(msgspec.Struct, frozen=True):
    size_bytes: int
    inode: int
    modified_ns: int
    changed_ns: int
    sha256: str


class Checksums:
    """The hashes seen before, kept in one file; a directory that cannot be written is no error."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def of(self, path: Path) -> str:
        """The file's sha256, read anew only if it looks changed. Raises ModelMissing."""
        now = _look_at(path)
        seen = self._load().get(str(path))
        if seen is not None and seen == msgspec.structs.replace(now, sha256=seen.sha256):
            return seen.sha256
        return self.read(path)

    def read(self, path: Path) -> str:
        """The file's sha256, read in full, and remembered. Raises ModelMissing."""
        before = _look_at(path)
        sha256 = sha256_of(path)
        self._remember(path, msgspec.structs.replace(before, sha256=sha256))
        return sha256

    def _load(self) -> dict[str, _Seen]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, _Seen])
        except (OSError, msgspec.DecodeError):
            return {}

    def _remember(self, path: Path, seen: _Seen) -> None:
        known = {name: old for name, old in self._load().items() if os.path.exists(name)}
        known[str(path)] = seen
        try:
            write_atomically(self._file, msgspec.json.encode(known))
        except OSError:
            return  # Only slower next time: in service the models directory may be read-only.


def sha256_of(path: Path) -> str:
    """Read the whole file, without filling the memory."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelMissing(
            say(
                "%(file)s cannot be read (%(reason)s); check the disk or add it again.",
                file=path.name,
                reason=error.strerror,
            )
        ) from error


def _look_at(path: Path) -> _Seen:
    try:
        found = path.lstat()
    except OSError as error:
        raise ModelMissing(
            say(
                "The file %(file)s is not there (%(reason)s); add the model again.",
                file=path.name,
                reason=error.strerror,
            )
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise ModelMissing(
            say("%(file)s is not a plain file; remove it and add the model again.", file=path.name)
        )
    return _Seen(found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, "")

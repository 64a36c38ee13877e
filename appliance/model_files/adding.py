"""The door through which every model file comes in, be it from a disk or from the hub.

The file is looked at, copied into the model directory under a temporary name, and tried there in a
child process; so what was tried is what is kept, whatever happens to the original. Only when its
chat template is accepted does it get its name.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import ModelError, ModelRefused
from appliance.model_files.atomic_file import adopt, make_directory
from appliance.model_files.gguf_header import check_header
from appliance.model_files.installed import InstalledModel
from appliance.model_files.library import ModelLibrary
from appliance.model_files.manifest import ManifestRow
from appliance.model_files.names import check_name, plain
from appliance.model_files.presets import Preset
from appliance.model_files.trial_report import TrialReport
from appliance.model_files.trial_run import run_trial
from appliance.sentences import say

_PREFIX = ".incoming-"
_CHUNK_BYTES = 1 << 20
_SPARE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that passed the trial and waits to be accepted."""

    name: str
    file: Path
    sha256: str
    size_bytes: int
    source: str
    report: TrialReport
    known_template: str | None
    """The title of its chat template, if that is on the shipped list."""
    preset: Preset | None

    def accept(self, library: ModelLibrary) -> InstalledModel:
        """Take it in. The file has its place after this."""
        report, preset = self.report, self.preset
        row = ManifestRow(
            name=self.name,
            sha256=self.sha256,
            size_bytes=self.size_bytes,
            title=preset.title if preset else plain(report.title, 100) or self.name,
            licence=preset.licence if preset else plain(report.licence, 100) or "unknown",
            architecture=plain(report.architecture, 40),
            quantisation=plain(report.quantisation, 40),
            context_tokens=report.context_tokens,
            template_sha256=report.template_sha256,
            source=plain(self.source, 300),
            added_at=int(time.time()),
            sampling=preset.sampling if preset else {},
            template_values=preset.template_values if preset else {},
        )
        return library.insert(row, self.file)


@contextmanager
def candidate(
    library: ModelLibrary,
    path: Path,
    name: str,
    known_templates: Mapping[str, str],
    *,
    source: str,
    preset: Preset | None = None,
    published_sha256: str | None = None,
) -> Iterator[Candidate]:
    """The file at `path`, copied and tried; without `accept` nothing of it stays.

    A file with a `published_sha256` was fetched into the directory for this and is not copied.
    Raises ModelRefused for a file that does not pass, ModelError for a directory without space.
    """
    check_name(name)
    if any(adapter.name == name for adapter in library.adapters()):
        raise ModelRefused(
            say("There is an adapter %(name)s already; call the model otherwise.", name=name)
        )
    shown = plain(Path(source).name, 80)
    check_header(path, shown)
    incoming = copied(library.directory, path) if published_sha256 is None else _taken(path)
    with incoming as (file, sha256, size_bytes):
        if published_sha256 not in (None, sha256):
            raise ModelRefused(
                say(
                    "%(file)s is not the file it should be (its sha256 is not the one published); "
                    "get it again.",
                    file=shown,
                )
            )
        check_header(file, shown)
        report = run_trial(file, shown)
        template = report.template_sha256
        known = "ChatML" if not report.template else known_templates.get(template)
        yield Candidate(name, file, sha256, size_bytes, source, report, known, preset)


@contextmanager
def incoming(directory: Path) -> Iterator[tuple[Path, int]]:
    """A file of a temporary name in the directory, and its descriptor; gone afterwards unless it
    was moved to its place. Raises ModelError.
    """
    try:
        make_directory(directory)
        _sweep(directory)
        descriptor, name = tempfile.mkstemp(dir=directory, prefix=_PREFIX, suffix=".gguf")
    except OSError as error:
        raise no_place(directory, error) from error
    file = Path(name)
    try:
        # Held as long as the file is in use: see _sweep.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield file, descriptor
    finally:
        os.close(descriptor)
        file.unlink(missing_ok=True)


@contextmanager
def copied(directory: Path, path: Path) -> Iterator[tuple[Path, str, int]]:
    """A private copy, on the disk; gone afterwards unless it was moved to its place."""
    with incoming(directory) as (copy, descriptor):
        try:
            sha256, size_bytes = _copy(path, descriptor, directory)
            adopt(copy)
        except OSError as error:
            raise no_place(directory, error) from error
        yield copy, sha256, size_bytes


def _sweep(directory: Path) -> None:
    """Delete what commands left that were killed; those that still run hold their copies."""
    for left in directory.glob(f"{_PREFIX}*"):
        with left.open("rb") as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink(missing_ok=True)


@contextmanager
def _taken(path: Path) -> Iterator[tuple[Path, str, int]]:
    """A file that is ours already, on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size_bytes = os.fstat(file.fileno()).st_size
    yield path, sha256, size_bytes


def _copy(path: Path, target: int, directory: Path) -> tuple[str, int]:
    source = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(source)
        if not stat.S_ISREG(found.st_mode):
            raise ModelRefused(
                say("%(file)s is not a plain file; name a GGUF file.", file=plain(path.name, 80))
            )
        if shutil.disk_usage(directory).free < found.st_size + _SPARE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        digest, size_bytes = hashlib.sha256(), 0
        while piece := os.read(source, _CHUNK_BYTES):
            digest.update(piece)
            size_bytes += len(piece)
            while piece:
                piece = piece[os.write(target, piece) :]
        os.fsync(target)
        return digest.hexdigest(), size_bytes
    finally:
        os.close(source)


def no_place(directory: Path, error: OSError) -> ModelError:
    """The sentence for a directory that cannot be written."""
    return ModelError(
        say(
            "The model cannot be copied into %(folder)s (%(reason)s); free some space there, or "
            "set model.directory to another disk.",
            folder=str(directory),
            reason=error.strerror,
        )
    )

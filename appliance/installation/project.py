"""The project as it is installed: which files it consists of, and the name they give a release."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import InstallationError

PARTS = (
    *("appliance", "web", "models", "systemd", "requirements", "scripts"),
    *("pyproject.toml", "README.md", "LICENSE"),
)
_LEFT_OUT = {"__pycache__"}
_ENDINGS_LEFT_OUT = (".pyc", ".gguf")
_VERSION = re.compile(r'^__version__ = "([0-9A-Za-z.+-]+)"$', re.MULTILINE)


def files_of(project: Path) -> Iterator[Path]:
    """Every file of it, relative to the folder, in one order."""
    for part in PARTS:
        path = project / part
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in found:
            inside = file.relative_to(project)
            if file.is_symlink() or not file.is_file() or _is_left_out(inside):
                continue
            yield inside


def version_of(project: Path) -> str:
    """What it calls itself. Raises InstallationError for a folder that is not the project."""
    try:
        found = _VERSION.search((project / "appliance/__init__.py").read_text(encoding="utf-8"))
    except OSError:
        found = None
    if found is None:
        raise InstallationError(f"{project} is not the appliance's project; name its folder.")
    return found[1]


def release_of(project: Path) -> str:
    """Version and first digits of the content: two that differ never share a folder."""
    digest = hashlib.sha256()
    for file in files_of(project):
        content = (project / file).read_bytes()
        mark = "x" if _is_program(project / file) else "-"
        digest.update(f"{file}\0{mark}{len(content)}\0".encode() + content)
    return f"{version_of(project)}-{digest.hexdigest()[:8]}"


def copy_project(project: Path, to: Path) -> None:
    """Its files alone, readable for everybody and writable for nobody but their owner."""
    for file in files_of(project):
        target = to / file
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copyfile(project / file, target)
        target.chmod(0o755 if _is_program(project / file) else 0o644)


def _is_left_out(file: Path) -> bool:
    return (
        file.suffix in _ENDINGS_LEFT_OUT
        or not _LEFT_OUT.isdisjoint(file.parts)
        or any(part.startswith(".") for part in file.parts)
    )


def _is_program(file: Path) -> bool:
    return bool(file.stat().st_mode & 0o100)

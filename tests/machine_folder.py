"""A folder that stands for a machine on which the box is installed.

The versions there are the real program. Only their packages are not installed once more: each has
a venv of its own that finds those of this very Python.
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

from appliance.installation.install import Installer
from appliance.installation.payload import Payload
from appliance.installation.places import Places
from appliance.installation.project import copy_project
from appliance.installation.releases import Release
from appliance.installation.services import NoServices, Services

PROJECT = Path(__file__).parents[1]


def linked_environment(release: Release, wheels: Path | None, python: str | None) -> None:
    """A venv that finds the packages of this one, and the release's own project before all."""
    venv = release.folder / "venv"
    base = sys._base_executable  # type: ignore[attr-defined]
    subprocess.run([base, "-m", "venv", "--without-pip", "--clear", str(venv)], check=True)
    packages = sysconfig.get_path("purelib")
    inside = next(venv.glob("lib/python3*/site-packages"))
    (inside / "packages.pth").write_text(f"{release.folder}\n{packages}\n")


def installer(root: Path, services: Services | None = None) -> Installer:
    return Installer(Places(root), services or NoServices(), linked_environment, needed_bytes=0)


def project(folder: Path, version: str | None = None) -> Payload:
    """A copy of the project that a test may change; of that version, if one is named."""
    copy_project(PROJECT, folder)
    if version is not None:
        change(folder / "appliance/__init__.py", '__version__ = "', f'__version__ = "{version}+')
    return Payload(folder)


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))

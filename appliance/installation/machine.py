"""What a machine must have before anything is put on it; each lack is one sentence."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from appliance.errors import InstallationError
from appliance.installation.places import Places

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
NEEDED_BYTES = 4_000_000_000
SYSTEMD = Path("/run/systemd/system")
"""There where systemd runs the machine."""
_PEOPLES_FOLDERS = ("/root", "/home", "/tmp", "/run", "/var/tmp")
"""The service sees none of these."""


def check_machine(places: Places) -> None:
    """Raises InstallationError for a machine that this cannot be installed on."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise InstallationError(
            "This version needs Linux on a 64-bit Intel or AMD computer; this is "
            f"{platform.system()} {platform.machine()}."
        )
    if not places.is_machine:
        return
    if os.geteuid() != 0:
        raise InstallationError("This changes the whole machine: start it as root (with sudo).")
    if not SYSTEMD.is_dir():
        raise InstallationError(
            "systemd does not run this machine, so there is nothing that could keep the box "
            "running. Use scripts/run, and let your own supervisor start it."
        )


def check_room(folder: Path, needed_bytes: int) -> None:
    """Raises InstallationError when the disk has less than that to give."""
    there = folder
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    if free < needed_bytes:
        raise InstallationError(
            f"Too little space: about {needed_bytes / 1e9:.1f} GB are needed in {folder}, and "
            f"{free / 1e9:.1f} GB are free; make room and start again."
        )


def check_cpu(needed: Iterable[str]) -> None:
    """Raises InstallationError when this processor lacks something that programs were built for."""
    missing = sorted(set(needed) - cpu_flags())
    if missing:
        raise InstallationError(
            "This bundle was built for another processor: this one lacks "
            f"{', '.join(missing)}. Make a bundle for it, or install from a checkout, which "
            "builds for the processor that it finds."
        )


def cpu_flags() -> set[str]:
    """What the kernel says that this processor can do."""
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        name, _, words = line.partition(":")
        if name.strip() == "flags":
            return set(words.split())
    return set()


def choose_python(version: str | None = None) -> Path:
    """$PYTHON, or the machine's own; of that version if one is named. Raises InstallationError."""
    wanted = (version,) if version else PYTHONS
    named = os.environ.get("PYTHON")
    folders = ("/usr/bin", "/usr/local/bin")
    usual = [f"{folder}/python{each}" for each in ("3", *PYTHONS[::-1]) for folder in folders]
    here = "there is none"
    for candidate in [named] if named else usual:
        found = shutil.which(candidate)
        if found is None:
            continue
        base = _base_of(found)
        if base is None:
            continue
        its_version, python = base
        if its_version not in wanted:
            here = f"{found} is Python {its_version}"
        elif str(python).startswith(tuple(f"{each}/" for each in _PEOPLES_FOLDERS)):
            here = f"{python} lies where a service sees nothing"
        else:
            return python
    words = " or ".join(wanted) if version else f"{', '.join(wanted[:-1])} or {wanted[-1]}"
    raise InstallationError(
        f"Python {words} is needed, and {here}: install it for the whole machine (on Debian: apt "
        "install python3 python3-venv), or name one: PYTHON=/path/to/python3."
    )


def _base_of(python: str) -> tuple[str, Path] | None:
    """Version and real place, behind any venv."""
    code = "import sys; print('%d.%d' % sys.version_info[:2], sys._base_executable)"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    version, _, place = done.stdout.strip().partition(" ")
    return (version, Path(place).resolve()) if done.returncode == 0 and place else None

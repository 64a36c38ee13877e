"""Work on the data, done by the program that was installed, as the box's own user."""

import json
import os
import subprocess
from typing import Any

from appliance.errors import InstallationError
from appliance.installation.places import Places
from appliance.installation.releases import Release
from appliance.installation.units import USER

KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "HOME")


def run_child(
    places: Places, release: Release, module: str, *arguments: str, **variables: str
) -> dict[str, Any]:
    """What such a module of the release says in its last line. Raises InstallationError."""
    said: dict[str, Any] = json.loads(_run(places, release, module, arguments, variables)[-1])
    return said


def run_program(places: Places, release: Release, *arguments: str) -> list[str]:
    """The lines that the release's `appliance` prints. Raises InstallationError with its words."""
    return _run(places, release, "appliance", arguments, {})


def _run(
    places: Places,
    release: Release,
    module: str,
    arguments: tuple[str, ...],
    variables: dict[str, str],
) -> list[str]:
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {"STATE_DIRECTORY": str(places.data), **variables}
    as_whom: dict[str, Any] = {}
    if places.is_machine:
        as_whom = {"user": USER, "group": USER, "extra_groups": (), "umask": 0o077}
        environment["HOME"] = str(places.data)
    elif places.settings_file.is_file():
        environment["APPLIANCE_CONFIG"] = str(places.settings_file)
    done = subprocess.run(
        [str(release.python), "-I", "-m", module, *arguments],
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **as_whom,
    )
    if done.returncode != 0:
        raise InstallationError(_last_words(done))
    lines: list[str] = done.stdout.splitlines()
    return lines


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if done.returncode < 0:
        return f"It was ended by signal {-done.returncode}. {lines[-1] if lines else ''}".strip()
    return lines[-1] if lines else f"It ended with status {done.returncode} and said nothing."

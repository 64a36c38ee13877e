"""A version's own Python with all its packages, made by the same steps as a checkout's."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from appliance.errors import InstallationError
from appliance.installation.machine import choose_python
from appliance.installation.releases import Release

MakeEnvironment = Callable[[Release, Path | None, str | None], None]
"""Makes `venv` in a release's folder: from a folder of wheels for that Python, or the index."""

_SET_UP = '. "$0"; set_up'


def make_environment(release: Release, wheels: Path | None, python: str | None) -> None:
    """Goes on where an interrupted one stopped. Raises InstallationError; why is on stderr."""
    chosen = choose_python(python)
    variables = {
        **os.environ,
        "PYTHON": str(chosen),
        "BOX_VENV": str(release.folder / "venv"),
        "BOX_WHEELS": str(wheels or ""),
    }
    script = release.folder / "scripts/set_up.sh"
    done = subprocess.run(["sh", "-euc", _SET_UP, str(script)], env=variables, check=False)
    if done.returncode != 0:
        raise InstallationError(
            f"{release.name} was not installed; why is said above. Nothing that ran before has "
            "changed. Start this again, and it goes on where it stopped."
        )
    compile_project(release)


def compile_project(release: Release) -> None:
    """The service may not write here, so its compiled files are made now."""
    subprocess.run(
        [str(release.python), "-I", "-m", "compileall", "-q", str(release.folder / "appliance")],
        check=True,
    )

"""The C files beside this one, compiled and put between a process and its C library."""

import mmap
import os
import struct
import subprocess
from pathlib import Path

from torture_box.errors import TortureError

_SOURCES = Path(__file__).parent
_NUMBER = struct.Struct("=q")


def built(name: str, folder: Path) -> Path:
    """The shared library of `name`.c, made in `folder`. Raises TortureError without a compiler."""
    library = folder / f"{name}.so"
    command = ["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-pthread", "-U_FORTIFY_SOURCE"]
    try:
        done = subprocess.run(
            [*command, "-o", str(library), str(_SOURCES / f"{name}.c")],
            capture_output=True,
            text=True,
        )
    except OSError as error:
        raise TortureError("There is no C compiler; install one (apt install gcc).") from error
    if done.returncode:
        raise TortureError(f"{name}.c could not be compiled:\n{done.stderr}")
    return library


class Switch:
    """A number in a file that a preloaded library looks at whenever it is asked something."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(_NUMBER.pack(0))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _NUMBER.size)

    def set(self, number: int) -> None:
        """From now on, for every process that has it."""
        self._memory[:] = _NUMBER.pack(number)


def preloaded(library: Path, **variables: Path | str | int) -> dict[str, str]:
    """The environment of a process that has the library in front."""
    others = os.environ.get("LD_PRELOAD", "")
    return {
        "LD_PRELOAD": f"{library} {others}".strip(),
        **{name: str(value) for name, value in variables.items()},
    }

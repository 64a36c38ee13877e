"""Every package that the box stands on, as files for this kind of machine and this Python."""

import hashlib
import os
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from appliance.errors import InstallationError

REQUIREMENTS = "requirements.txt"
# With llama.cpp's parts for every kind of processor in files of their own; the fitting ones are
# taken when it is loaded. All of them lie where `llama_library` looks, and nothing twice.
DISPATCH = (
    "-DGGML_NATIVE=OFF -DGGML_BACKEND_DL=ON -DGGML_CPU_ALL_VARIANTS=ON "
    "-DCMAKE_INSTALL_BINDIR=llama_cpp/lib -DCMAKE_INSTALL_LIBDIR=llama_cpp/lib "
    "-DCMAKE_INSTALL_INCLUDEDIR=llama_cpp/include"
)
CPU_NEEDS = ("cx16", "popcnt", "sse4_1", "sse4_2", "ssse3")
"""x86-64-v2, for numpy; whatever else computes finds out by itself what it may use."""
_ONLY_FOR_BUILDING = {"cmake", "ninja", "scikit-build-core", "pathspec"}
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==.*?(?=^[A-Za-z0-9]|\Z)", re.MULTILINE | re.DOTALL)
_WHEEL = re.compile(r"^(?P<name>[^-]+)-(?P<version>[^-]+)-.*\.whl$")


def gather(project: Path, folder: Path, llama_wheel: Path | None) -> None:
    """Fetch them, each with its checksum, and build llama.cpp unless its wheel is given.

    Raises InstallationError; why is said by pip.
    """
    folder.mkdir()
    locked = (project / "requirements/run.txt").read_text(encoding="utf-8")
    pins = [pin[0] for pin in _PIN.finditer(locked) if pin[1] not in _ONLY_FOR_BUILDING]
    wanted = folder / "wanted.txt"
    wanted.write_text("".join(pins), encoding="utf-8")
    fetch = ("download", "--no-deps", "--dest", str(folder))
    _pip(*fetch, "--require-hashes", "--only-binary", ":all:", "-r", str(wanted))
    wanted.unlink()
    _pip(*fetch, "--only-binary", ":all:", torch_of(project))
    if llama_wheel is None:
        build = ("wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir")
        built = str(project / "requirements/built.txt")
        _pip(*build, "--require-hashes", "--wheel-dir", str(folder), "-r", built)
    else:
        (folder / llama_wheel.name).write_bytes(llama_wheel.read_bytes())
    lines = [_line(wheel) for wheel in sorted(folder.glob("*.whl"))]
    (folder / REQUIREMENTS).write_text("".join(lines), encoding="utf-8")


def torch_of(project: Path) -> str:
    """It is pinned in the project's own file, for its checksum differs from index to index."""
    told = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    (torch,) = told["project"]["optional-dependencies"]["recall"]
    return str(torch)


def this_python() -> str:
    """Such as 3.11."""
    return ".".join(map(str, sys.version_info[:2]))


def this_platform() -> str:
    """Such as linux-x86_64."""
    return f"{platform.system().lower()}-{platform.machine()}"


def this_libc() -> str:
    """What is built here needs at least this one."""
    return platform.libc_ver()[1]


def name_and_version(wheel: Path) -> tuple[str, str]:
    """From the file's name, as the standard for wheels has it."""
    found = _WHEEL.match(wheel.name)
    if found is None:
        raise InstallationError(f"{wheel.name} is no wheel.")
    return found["name"].replace("_", "-").lower(), found["version"]


def _line(wheel: Path) -> str:
    name, version = name_and_version(wheel)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{name}=={version} --hash=sha256:{digest}\n"


def _pip(*arguments: str) -> None:
    own_tools = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    environment = {**os.environ, "CMAKE_ARGS": DISPATCH, "PATH": own_tools}
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        raise InstallationError(
            "A package could not be fetched or built; pip's words are above. Making a bundle needs "
            "a network and a C++ compiler."
        )

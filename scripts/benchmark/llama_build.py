"""Finds llama-server, or builds it from the very llama.cpp that the appliance runs.

The source archive of llama-cpp-python holds the whole of llama.cpp, its server included. The build
has the options that llama-cpp-python's own build has: optimised, and for this processor.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmark.errors import NoLlamaServer
from benchmark.machine import ROOT

BUILD = ROOT / "build" / "llama-server"
_INSIDE = "vendor/llama.cpp/"
_TARGETS = ("llama-server", "llama-batched-bench")
_OPTIONS = (
    *("-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DLLAMA_BUILD_SERVER=ON"),
    "-DCMAKE_BUILD_RPATH_USE_ORIGIN=ON",  # so that a checkout can be moved
    *("-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_APP=OFF"),
    # Its page and its downloads are not measured, and would want a network.
    *("-DLLAMA_BUILD_UI=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF", "-DLLAMA_OPENSSL=OFF"),
)


def find_llama_server(given: Path | None) -> Path:
    """The one that was named, else the one in PATH, else the one that was or is now built here.

    Raises NoLlamaServer.
    """
    if given is not None:
        if not given.is_file():
            raise NoLlamaServer(f"There is no file {given}. Name the llama-server program itself.")
        return given.resolve()
    if in_path := shutil.which("llama-server"):
        return Path(in_path)
    built = BUILD / "bin" / "llama-server"
    if not (built.is_file() and _is_current()):
        _build()
    return built


def version_of(llama_server: Path) -> str:
    """What it says of itself."""
    done = subprocess.run(
        [llama_server, "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "version" in line]
    origin = (
        f", built from llama-cpp-python {_built_from()}" if BUILD in llama_server.parents else ""
    )
    return (lines[0].strip() if lines else "unknown") + origin


def _mark() -> Path:
    return BUILD / "built-from"


def _built_from() -> str:
    return _mark().read_text().strip() if _mark().is_file() else ""


def _is_current() -> bool:
    return _built_from() == version("llama-cpp-python")


def _build() -> None:
    print("Building llama-server from llama.cpp's source; this takes about ten minutes, once.")
    cmake, ninja = _tool("cmake"), _tool("ninja")
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    _unpack_source()
    source = BUILD / "source"
    make_program = f"-DCMAKE_MAKE_PROGRAM={ninja}"
    _run([cmake, *_OPTIONS, make_program, "-S", str(source), "-B", str(BUILD)])
    _run([cmake, "--build", str(BUILD), "--target", *_TARGETS])
    _mark().write_text(version("llama-cpp-python") + "\n")


def _unpack_source() -> None:
    """llama.cpp from the archive that requirements/built.txt names with its checksum."""
    with tempfile.TemporaryDirectory() as folder:
        _run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--require-hashes", "--no-binary", "llama-cpp-python", "--dest", folder),
                *("-r", str(ROOT / "requirements" / "built.txt")),
            ]
        )
        archive = next(Path(folder).glob("llama_cpp_python-*.tar.gz"))
        with tarfile.open(archive) as source:
            for member in source:
                # The first part of each name is the package's own folder.
                name = member.name.partition("/")[2]
                if name.startswith(_INSIDE):
                    member.name = f"source/{name.removeprefix(_INSIDE)}"
                    source.extract(member, BUILD, filter="data")


def _tool(name: str) -> str:
    beside = Path(sys.prefix) / "bin" / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise NoLlamaServer(
            f"llama-server is not here, and to build it {name} is missing: install {name}, or name "
            "a llama-server with --llama-server."
        )
    return found


def _run(command: list[str]) -> None:
    log = BUILD / "build.log"
    with log.open("a") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise NoLlamaServer(
            f"llama-server could not be built; all words of the build are in {log}. Name another "
            "one with --llama-server."
        )

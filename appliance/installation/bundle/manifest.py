"""What a bundle says of itself: its first member."""

import json
import os
import platform
import re
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath

from appliance.errors import BundleRefused
from appliance.installation.machine import check_cpu

FORMAT = 1
NAME = "manifest.json"
MOST_BYTES = 16 * 2**20
PLATFORM = "linux-x86_64"


@dataclass(frozen=True, slots=True)
class Member:
    """One file in the bundle."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`cpu` are flags of /proc/cpuinfo, `libc` the oldest glibc that all of it runs with; `models`
    are names by the member that holds them.
    """

    release: str
    platform: str
    python: str
    libc: str
    cpu: tuple[str, ...]
    models: dict[str, str] = field(default_factory=dict)
    files: dict[str, Member] = field(default_factory=dict)

    def written(self) -> bytes:
        """As JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode() + b"\n"

    def check_machine(self) -> None:
        """Raises BundleRefused, InstallationError for a machine that it was not made for."""
        here = f"{platform.system().lower()}-{platform.machine()}"
        if self.platform != here:
            raise BundleRefused(f"This bundle is for {self.platform}, and this is {here}.")
        libc = os.confstr("CS_GNU_LIBC_VERSION") or "none"
        if _numbers(libc) < _numbers(self.libc):
            raise BundleRefused(
                f"This bundle was made on a newer system: it needs glibc {self.libc}, and here is "
                f"{libc}. Make it on a machine with the oldest system that it is for."
            )
        check_cpu(self.cpu)


def read_manifest(content: bytes) -> Manifest:
    """Raises BundleRefused for one that is of another kind, or names a place outside."""
    try:
        said = json.loads(content)
        if said.pop("format") != FORMAT:
            raise BundleRefused(
                "This bundle is of a newer kind: take the installer that came with it."
            )
        files = {name: Member(**member) for name, member in said.pop("files").items()}
        manifest = Manifest(files=files, cpu=tuple(said.pop("cpu")), **said)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleRefused(f"The bundle's list of its files cannot be read: {error}.") from error
    if not all(map(_is_inside, files)) or not set(manifest.models) <= set(files):
        raise BundleRefused("The bundle's list names a file outside of it.")
    return manifest


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return str(path) == name and not path.is_absolute() and ".." not in path.parts and name != "."


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))

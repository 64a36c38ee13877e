"""Files, links and folders that are there in full or not at all, whenever the power goes."""

import os
import shutil
from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace the file's content in one moment. Raises OSError."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(beside, flags, mode), "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    sync_folder(path.parent)


def point(link: Path, target: str) -> None:
    """Let the link lead there, in one moment. Raises OSError."""
    beside = link.with_name(f".{link.name}.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    os.replace(beside, link)
    sync_folder(link.parent)


def remove(path: Path) -> None:
    """A file, or a folder with all in it; nothing is said of one that is not there."""
    if path.is_dir() and not path.is_symlink():
        # Under another name first: half of a version must not look like one.
        going = path.with_name(f".{path.name}.going")
        shutil.rmtree(going, ignore_errors=True)
        os.replace(path, going)
        shutil.rmtree(going)
    else:
        path.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Make what was renamed in it durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make what was written into it durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """The same for all files and folders in it."""
    for folder, _, names in os.walk(path):
        for name in names:
            if not Path(folder, name).is_symlink():
                sync_file(Path(folder, name))
        sync_folder(Path(folder))

"""What the serving process and the one that announces it on the LAN let each other know.

Two small files in the data directory: where the box answers, and under which name it was announced.
They are two processes because the serving one has no way to the network but what it accepts.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from appliance.model_files.atomic_file import write_atomically

_SERVED, _ANNOUNCED = "served.json", "announced-name"


class Served(msgspec.Struct, frozen=True):
    """Where the box answers on the LAN."""

    port: int


@contextmanager
def saying_what_is_served(data_dir: Path, served: Served) -> Iterator[None]:
    """While the block runs, others may read it. A full disk is no reason not to serve."""
    file = data_dir / _SERVED
    with suppress(OSError):
        write_atomically(file, msgspec.json.encode(served))
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)


def what_is_served(data_dir: Path) -> Served | None:
    """None while nothing is served to the LAN."""
    try:
        return msgspec.json.decode((data_dir / _SERVED).read_bytes(), type=Served)
    except (OSError, msgspec.DecodeError):
        return None


def say_announced_name(data_dir: Path, name: str) -> None:
    """The name that the box has on the LAN by now. Raises OSError."""
    write_atomically(announced_name_file(data_dir), f"{name}\n".encode())


def forget_announced_name(data_dir: Path) -> None:
    """It has none any more, beyond those that it always has."""
    with suppress(OSError):
        announced_name_file(data_dir).unlink(missing_ok=True)


def announced_name_file(data_dir: Path) -> Path:
    """Where that name stands; the file may be missing."""
    return data_dir / _ANNOUNCED

"""A model file that comes piece by piece, from a browser: into the model directory, hashed on the
way, and never so much of it that the disk has no room left for what people say.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.errors import StoreFull
from appliance.model_files.adding import incoming, no_place
from appliance.model_files.atomic_file import adopt
from appliance.sentences import number, say

KEPT_FREE_BYTES = 512 << 20
_LOOK_EVERY_BYTES = 64 << 20
_FULL = say(
    "The disk of the models is full. Remove a model, or set model.directory to another disk, and "
    "send the file again."
)


class IncomingFile:
    """Written from its start to its end, on any thread. Raises StoreFull, ModelError."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size_bytes = 0
        self._descriptor = descriptor
        self._digest = hashlib.sha256()

    def write(self, piece: bytes | bytearray) -> None:
        """The next bytes."""
        looked_at = self.size_bytes // _LOOK_EVERY_BYTES
        self.size_bytes += len(piece)
        if self.size_bytes // _LOOK_EVERY_BYTES > looked_at:
            check_room(self.path.parent, 0)
        self._digest.update(piece)
        left = memoryview(piece)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise no_place(self.path.parent, error) from error

    def finish(self) -> str:
        """Put what came on the disk for good; its sha256."""
        try:
            os.fsync(self._descriptor)
            adopt(self.path)
        except OSError as error:
            raise no_place(self.path.parent, error) from error
        return self._digest.hexdigest()


@contextmanager
def incoming_file(directory: Path, size_bytes: int) -> Iterator[IncomingFile]:
    """A place for a file of that size; gone afterwards unless it was moved to its own.

    Raises StoreFull, ModelError.
    """
    with incoming(directory) as (path, descriptor):
        check_room(directory, size_bytes)
        yield IncomingFile(path, descriptor)


def check_room(directory: Path, size_bytes: int) -> None:
    """Raises StoreFull when so much more would leave too little for everything else."""
    free = shutil.disk_usage(directory).free - KEPT_FREE_BYTES
    if size_bytes <= free:
        return
    if not size_bytes:
        raise StoreFull(_FULL)
    raise StoreFull(
        say(
            "The disk of the models has room for %(free)s GB more, and this needs %(size)s GB. "
            "Remove a model, or set model.directory to another disk.",
            free=number(max(0, free) / 1e9, 1),
            size=number(size_bytes / 1e9, 1),
        )
    )

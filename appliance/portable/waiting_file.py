"""A file that waits on the disk for its import.

It has no name there: whatever happens to this process, nothing of it is left. It lies beside the
database, on the disk that was chosen for people's words. Of a sealed account it waits in memory.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from appliance.errors import ImportTooLarge, StoreFull
from appliance.sentences import say

KEPT_FREE_BYTES = 256 * 2**20
"""Room that it leaves on the disk, so that what is said meanwhile can be kept."""
_LOOK_EVERY_BYTES = 8 * 2**20
MOST_IN_MEMORY_BYTES = 256 * 2**20
_TOO_LARGE = say(
    "Of a sealed account nothing may lie on the disk as it is, and in memory there is room for "
    "256 MB at once. Bring it in as several smaller files."
)
_NO_ROOM = say("The disk has not enough room for this file. Free some space and send it again.")


class WaitingFile:
    """Written piece by piece, on any thread; then read from its start.

    Without a directory it is in memory.
    """

    def __init__(self, directory: Path | None) -> None:
        """Raises StoreFull."""
        self._directory = directory
        self.size_bytes = 0
        try:
            # For this user alone (0600), and gone when it is closed.
            self.file = cast(
                BinaryIO,
                tempfile.TemporaryFile(dir=directory)  # noqa: SIM115
                if directory is not None
                else os.fdopen(os.memfd_create("waiting"), "w+b"),
            )
        except OSError as error:
            raise StoreFull(_NO_ROOM) from error

    def write(self, piece: bytes | bytearray) -> None:
        """Raises StoreFull, ImportTooLarge."""
        looked_at = self.size_bytes // _LOOK_EVERY_BYTES
        self.size_bytes += len(piece)
        try:
            is_first = self.size_bytes == len(piece)
            if is_first or self.size_bytes // _LOOK_EVERY_BYTES > looked_at:
                self._check_room()
            self.file.write(piece)
            self.file.flush()
        except OSError as error:
            raise StoreFull(_NO_ROOM) from error

    def from_start(self) -> BinaryIO:
        """The file, to be read and closed by whoever gets it."""
        self.file.seek(0)
        return self.file

    def _check_room(self) -> None:
        if self._directory is None:
            if self.size_bytes > MOST_IN_MEMORY_BYTES:
                raise ImportTooLarge(_TOO_LARGE)
        elif shutil.disk_usage(self._directory).free < KEPT_FREE_BYTES:
            raise StoreFull(_NO_ROOM)

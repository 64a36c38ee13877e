"""The files of documents, beside the database: each under its id, for this user alone.

No name that anybody gave is ever part of a path. Which files there are to be, the table says; what
lies here besides goes.
"""

import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from appliance.errors import InvalidInput, NotFound, StoreError, StoreFull
from appliance.sentences import number, say

FOLDER = "documents"
KEPT_FREE_BYTES = 256 * 2**20
"""Room that documents leave on the disk, so that what is said meanwhile can be kept."""
_LOOK_EVERY_BYTES = 8 * 2**20

_NO_ROOM = say("The disk has not enough room for this file. Free some space and send it again.")
_NO_FILE = say("The file of this document is not there any more. Delete it, and send it again.")


class IncomingFile:
    """Written from its start to its end, on any thread."""

    def __init__(self, path: Path, most_bytes: int, person_bytes_left: int) -> None:
        """Raises StoreFull."""
        self.size_bytes = 0
        self._path = path
        self._most_bytes = most_bytes
        self._person_bytes_left = person_bytes_left
        try:
            path.parent.mkdir(0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.fdopen(os.open(path, flags, 0o600), "wb")
        except OSError as error:
            raise StoreFull(_NO_ROOM) from error

    def write(self, piece: bytes | bytearray) -> None:
        """The next bytes. Raises StoreFull, InvalidInput."""
        looked_at = self.size_bytes // _LOOK_EVERY_BYTES
        is_first = self.size_bytes == 0
        self.size_bytes += len(piece)
        self._check_limits()
        if is_first or self.size_bytes // _LOOK_EVERY_BYTES > looked_at:
            self._check_room()
        try:
            self._file.write(piece)
        except OSError as error:
            raise StoreFull(_NO_ROOM) from error

    def finish(self) -> None:
        """Put what came on the disk for good. Raises StoreFull."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise StoreFull(_NO_ROOM) from error

    def close(self) -> None:
        """However far it came."""
        with suppress(OSError):
            self._file.close()

    def _check_limits(self) -> None:
        if self.size_bytes > self._most_bytes:
            raise InvalidInput(
                say(
                    "The file is larger than the %(most)s MB that one document may have here. Send "
                    "it in parts.",
                    most=self._most_bytes // 10**6,
                )
            )
        if self.size_bytes > self._person_bytes_left:
            raise InvalidInput(
                say(
                    "Your documents would take more room than you have here; %(left)s MB are left. "
                    "Delete some that you need no more.",
                    left=number(max(0, self._person_bytes_left) / 1e6, 1),
                )
            )

    def _check_room(self) -> None:
        if shutil.disk_usage(self._path.parent).free < KEPT_FREE_BYTES:
            raise StoreFull(_NO_ROOM)


class DocumentFiles:
    """All calls touch the disk: on a thread."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def incoming(
        self, document_id: str, most_bytes: int, person_bytes_left: int = 1 << 62
    ) -> IncomingFile:
        """A place for a new one. Raises StoreFull."""
        return IncomingFile(self._folder / document_id, most_bytes, person_bytes_left)

    def open(self, document_id: str) -> BinaryIO:
        """To be read and closed by whoever gets it. Raises NotFound."""
        try:
            return (self._folder / document_id).open("rb")
        except OSError as error:
            raise NotFound(_NO_FILE) from error

    def delete(self, *ids: str) -> None:
        """Those that are there. Raises StoreError when one of them cannot be deleted."""
        for document_id in ids:
            try:
                (self._folder / document_id).unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(
                    say("The file of a document could not be deleted; see the disk.")
                ) from error

    def keep_only(self, ids: Collection[str]) -> int:
        """Whatever else lies here goes; how many files it was."""
        if not self._folder.is_dir():
            return 0
        found = [each for each in os.listdir(self._folder) if each not in ids]
        self.delete(*found)
        return len(found)

"""What is packed into a DOCX or EPUB: a ZIP that a stranger may have made.

Nothing is unpacked to the disk. Reading an entry stops where the directory says that it ends, and
all that is read together is bounded, whatever the directory says.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from urllib.parse import unquote

from appliance.errors import DocumentRefused
from appliance.sentences import say
from appliance.zip_entries import DAMAGE, MOST_RATIO, READABLE, is_encrypted

MOST_ENTRIES = 20_000
MOST_UNPACKED_BYTES = 256 * 2**20
RATIO_FROM_BYTES = 2**20

DAMAGED = say("The file is damaged, or was cut off on its way. Get it anew, and send it again.")
_BOMB = say("The file would unpack to far more than a document needs, so it was not opened.")
_LOCKED = say("The file has a password. Save it without one, and send that.")


class Packed:
    """Entries by name. Raises DocumentRefused for what is damaged or there to do harm."""

    def __init__(self, file: BinaryIO) -> None:
        with _sentences():
            self._zip = zipfile.ZipFile(file)
        entries = self._zip.infolist()
        if len(entries) > MOST_ENTRIES:
            raise DocumentRefused(_BOMB)
        self._entries = {each.filename: each for each in entries}
        self._read_bytes = 0

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._entries)

    def read(self, name: str) -> bytes:
        """All of one entry. Raises DocumentRefused, also when there is none of that name."""
        entry = self._entries.get(name)
        if entry is None:
            raise DocumentRefused(DAMAGED)
        if is_encrypted(entry):
            raise DocumentRefused(_LOCKED)
        if entry.compress_type not in READABLE:
            raise DocumentRefused(DAMAGED)
        self._read_bytes += entry.file_size
        most = max(RATIO_FROM_BYTES, MOST_RATIO * entry.compress_size)
        if entry.file_size > most or self._read_bytes > MOST_UNPACKED_BYTES:
            raise DocumentRefused(_BOMB)
        with _sentences(), self._zip.open(entry) as packed:
            return packed.read(entry.file_size)


def name_beside(name: str, reference: str) -> str:
    """The entry that a reference in another one means."""
    path = unquote(reference.partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path)).lstrip("/")


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise DocumentRefused(DAMAGED) from error

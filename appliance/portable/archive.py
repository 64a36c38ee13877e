"""A ZIP archive that a stranger may have made: looked at, and only its lists of conversations read.

Nothing is ever unpacked to the disk, and archives inside it are not opened. Sizes are believed from
the directory, because reading an entry stops where the directory says it ends.
"""

import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, cast

from appliance.errors import ImportRefused, ImportTooLarge
from appliance.sentences import say
from appliance.zip_entries import DAMAGE, MOST_RATIO, READABLE, is_encrypted

MOST_ENTRIES = 50_000
MOST_DIRECTORY_BYTES = 8 * 2**20
MOST_UNPACKED_BYTES = 4 * 2**30
RATIO_FROM_BYTES = 16 * 2**20

# Our own, ChatGPT's (large ones come in numbered pieces), and in whatever folder they lie.
_LISTS = re.compile(r"(?:^|/)conversations(?:-[0-9]{1,4})?\.json$")
_DRIVE = re.compile(r"^[A-Za-z]:")

_TOO_MANY_FILES = say(
    "The archive lists more than %(most)s files. Choose an export of conversations.",
    most=MOST_ENTRIES,
)
DAMAGED = say("The archive is damaged or was cut off on its way. Download it again.")


class ConversationArchive:
    """The lists of conversations in an archive. Raises ImportRefused for one that is not safe."""

    def __init__(self, file: BinaryIO) -> None:
        with _sentences():
            self._zip = zipfile.ZipFile(cast(BinaryIO, _InSmallReads(file)))
        entries = self._zip.infolist()
        _check(entries)
        lists = sorted(
            (each for each in entries if _LISTS.search(each.filename)), key=lambda e: e.filename
        )
        # The one that is whole, where its pieces are there too.
        self._lists = [each for each in lists if "-" not in each.filename] or lists
        if not self._lists:
            raise ImportRefused(
                say("The archive holds no conversations.json. Choose an export of conversations.")
            )
        for each in self._lists:
            _check_readable(each)
        self.total_bytes = sum(each.file_size for each in self._lists)
        if self.total_bytes > MOST_UNPACKED_BYTES:
            raise _too_large()

    def lists(self) -> Iterator[BinaryIO]:
        """Each list as a file, one after the other."""
        for each in self._lists:
            with _sentences(), self._zip.open(each) as file:
                yield cast(BinaryIO, _Readable(file))


class _InSmallReads:
    """zipfile would read a directory at once, however large it says it is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if size > MOST_DIRECTORY_BYTES:
            raise ImportTooLarge(_TOO_MANY_FILES)
        return self._file.read(MOST_DIRECTORY_BYTES if size < 0 else size)

    def seekable(self) -> bool:
        return True


class _Readable:
    """An entry whose damage is a sentence."""

    def __init__(self, file: object) -> None:
        self._file = cast(BinaryIO, file)

    def read(self, size: int) -> bytes:
        with _sentences():
            return self._file.read(size)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise ImportRefused(DAMAGED) from error


def _check(entries: Sequence[zipfile.ZipInfo]) -> None:
    """No honest program writes such names and links; whoever does wants to reach something."""
    if len(entries) > MOST_ENTRIES:
        raise ImportTooLarge(_TOO_MANY_FILES)
    for each in entries:
        name = each.orig_filename
        if name.startswith(("/", "\\")) or _DRIVE.match(name):
            raise ImportRefused(
                say("The archive names a file by an absolute path, so it is not safe.")
            )
        if ".." in name.replace("\\", "/").split("/"):
            raise ImportRefused(
                say("The archive names a file outside of itself, so it is not safe.")
            )
        if "\0" in name:
            raise ImportRefused(
                say("The archive has a file name with a NUL byte, so it is not safe.")
            )
        if stat.S_ISLNK(each.external_attr >> 16):
            raise ImportRefused(say("The archive holds a symbolic link, so it is not safe."))


def _check_readable(each: zipfile.ZipInfo) -> None:
    if is_encrypted(each):
        raise ImportRefused(
            say("The archive has a password. Unpack it, and import the file inside.")
        )
    if each.compress_type not in READABLE:
        raise ImportRefused(
            say("The archive is compressed in a way that is not supported. Pack it again as a ZIP.")
        )
    if each.file_size > max(RATIO_FROM_BYTES, MOST_RATIO * each.compress_size):
        raise _too_large()


def _too_large() -> ImportTooLarge:
    return ImportTooLarge(
        say("The archive would unpack to far more than conversations need, so it was not opened.")
    )

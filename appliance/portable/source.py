"""The file of an import, opened: an archive or a list, whatever its name says."""

import os
from collections.abc import Iterator
from typing import BinaryIO

from appliance.errors import ImportRefused
from appliance.portable.archive import ConversationArchive
from appliance.portable.json_parts import JsonParts, Part
from appliance.portable.recognising import check_header
from appliance.sentences import say
from appliance.zip_entries import is_zip

_MAGIC_BYTES = 4
NO_CONVERSATIONS = say("There is no conversation in this file. Choose an export of conversations.")


class Source:
    """The conversations of a file, one after the other, as text.

    Opening looks at the directory or the beginning only, and raises ImportRefused for a file that
    is no export or not safe; reading on raises it where the file turns out to be damaged.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._done_bytes = 0
        self._list: JsonParts | None = None
        start = file.read(_MAGIC_BYTES)
        file.seek(0)
        if not start:
            raise ImportRefused(say("The file is empty. Choose an export of conversations."))
        if is_zip(start):
            archive = ConversationArchive(file)
            self._lists: Iterator[BinaryIO] = archive.lists()
            self.total_bytes = archive.total_bytes
        else:
            self._lists = iter((file,))
            self.total_bytes = os.fstat(file.fileno()).st_size
        self._list = self._open_next()
        if self._list is None:
            raise ImportRefused(NO_CONVERSATIONS)

    @property
    def taken_bytes(self) -> int:
        """How much has been read, of `total_bytes`."""
        return self._done_bytes + (self._list.taken_bytes if self._list else 0)

    def parts(self) -> Iterator[Part | None]:
        """Each element of each list; None where a piece of the file brought none to its end."""
        while self._list is not None:
            yield from self._list
            self._done_bytes += self._list.taken_bytes
            self._list = self._open_next()

    def _open_next(self) -> JsonParts | None:
        file = next(self._lists, None)
        if file is None:
            return None
        opened = JsonParts(file)
        if opened.header:
            check_header(opened.header)
        return opened

"""The file of a backup: a tar archive, of which every byte is laid down.

Any `tar` opens it. We ourselves never ask an archive what is in it: the first member is the
manifest, whose name holds its checksum, and from then on each header and each padding has to be the
very bytes that we would have written. So a name that leads elsewhere, a link, a bomb or a flipped
bit cannot be expressed, let alone unpacked.
"""

import io
import re
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO

from appliance.backups.manifest import MOST_BYTES, Manifest, Member, decoded, encoded
from appliance.errors import BackupRefused

BLOCK = 512
PIECE_BYTES = 1 << 20
END = bytes(2 * BLOCK)

_MANIFEST = re.compile(r"manifest-([0-9a-f]{64})\.json")
_CUT = "This backup is cut short: the end of it is missing. Take another one."
_CHANGED = "This backup is damaged, or was changed: %s is not what it was. Take another one."
_NO_BACKUP = "This file is no backup of an appliance."


def header(name: str, size_bytes: int) -> bytes:
    """The block before a member; for its owner alone, of no user and no time."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size_bytes, 0o600
    return entry.tobuf(tarfile.GNU_FORMAT)


def padding(size_bytes: int) -> bytes:
    """What follows a member, up to the next full block."""
    return bytes(-size_bytes % BLOCK)


def name_and_size(block: bytes) -> tuple[str, int]:
    """What a header says, if it is one that we would write. Raises BackupRefused."""
    try:
        entry = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise BackupRefused(_NO_BACKUP) from error
    if entry.size < 0 or header(entry.name, entry.size) != block:
        raise BackupRefused(_NO_BACKUP)
    return entry.name, entry.size


class TarWriter:
    """Writes the members in the order of the manifest."""

    def __init__(self, file: BinaryIO, manifest: Manifest) -> None:
        self._file = file
        content, digest = encoded(manifest)
        self._write(header(f"manifest-{digest}.json", len(content)), content)
        file.write(padding(len(content)))

    def begin(self, member: Member) -> None:
        """From now on its content is written, with `piece`."""
        self._file.write(header(member.name, member.size_bytes))

    def piece(self, content: bytes) -> None:
        """More of the member."""
        self._file.write(content)

    def end(self, member: Member) -> None:
        """All of it was written."""
        self._file.write(padding(member.size_bytes))

    def close(self) -> None:
        """The end of the archive."""
        self._file.write(END)

    def _write(self, *pieces: bytes) -> None:
        for each in pieces:
            self._file.write(each)


class TarReader:
    """Reads it from its start to its end, once. Everything raises BackupRefused."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        name, size_bytes = name_and_size(exactly(file, BLOCK))
        digest = _MANIFEST.fullmatch(name)
        if digest is None or size_bytes > MOST_BYTES:
            raise BackupRefused(_NO_BACKUP)
        content = exactly(file, size_bytes)
        if sha256(content).hexdigest() != digest[1]:
            raise BackupRefused(_CHANGED % "its list of contents")
        self._expect(padding(size_bytes), "its list of contents")
        self.manifest = decoded(content)

    def content(self, member: Member) -> Iterator[bytes]:
        """The next member, which has to be this one, in pieces; believed only when it has ended."""
        self._expect(header(member.name, member.size_bytes), member.name)
        digest, left = sha256(), member.size_bytes
        while left:
            piece = exactly(self._file, min(left, PIECE_BYTES))
            left -= len(piece)
            digest.update(piece)
            yield piece
        if digest.hexdigest() != member.sha256:
            raise BackupRefused(_CHANGED % member.name)
        self._expect(padding(member.size_bytes), member.name)

    def finish(self) -> None:
        """After the last member nothing follows."""
        self._expect(END, "its end")
        if self._file.read(1):
            raise BackupRefused(_CHANGED % "its end")

    def _expect(self, wanted: bytes, what: str) -> None:
        if exactly(self._file, len(wanted)) != wanted:
            raise BackupRefused(_CHANGED % what)


def exactly(file: BinaryIO, size_bytes: int) -> bytes:
    """So many bytes. Raises BackupRefused at an earlier end."""
    content = io.BytesIO()
    while missing := size_bytes - content.tell():
        piece = file.read(missing)
        if not piece:
            raise BackupRefused(_CUT)
        content.write(piece)
    return content.getvalue()

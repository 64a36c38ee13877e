"""A ZIP archive written while it is read: never more of it in memory than was not taken yet."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO

# ZIP has no date before 1980, and none after 2107.
_FIRST_SECOND, _LAST_SECOND = 315_532_800, 4_354_819_198


class ZipStream:
    """Entries one after the other. Everything is read on the same thread at a time."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload]

    @contextmanager
    def entry(self, name: str, unix_seconds: int) -> Iterator[IO[bytes]]:
        """A file of the archive, to write to; its length need not be known."""
        at = datetime.fromtimestamp(
            min(max(unix_seconds, _FIRST_SECOND), _LAST_SECOND), UTC
        ).timetuple()
        info = zipfile.ZipInfo(name, at[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as file:
            yield file

    def take(self) -> bytes:
        """What has been written since the last time."""
        return self._sink.take()

    def finish(self) -> bytes:
        """The end of the archive."""
        self._zip.close()
        return self.take()


class _Sink:
    """Where zipfile writes; it sees that it cannot seek here, and leaves out what would need it."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, piece: bytes) -> int:
        self._waiting += piece
        return len(piece)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken

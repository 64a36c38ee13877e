"""Server-sent events from a stranger: bytes to payloads, bounded. Pure."""

from collections.abc import Iterator

MAX_EVENT_BYTES = 256 * 1024


class EndlessLine(Exception):
    """An event is longer than any that a chat can have."""


class EventLines:
    """Puts together the `data` of each event; comments, names and ids are of no interest here."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._event = bytearray()
        self._has_data = False
        self._after_cr = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The payloads that are complete with this piece. Raises EndlessLine."""
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
        if piece:
            self._after_cr = piece.endswith(b"\r")
        lines = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines[:-1]:
            self._add(line)
            yield from self._end_line()
        self._add(lines[-1])

    def _add(self, part: bytes) -> None:
        self._line += part
        if len(self._line) + len(self._event) > MAX_EVENT_BYTES:
            raise EndlessLine

    def _end_line(self) -> Iterator[bytes]:
        line = bytes(self._line)
        self._line.clear()
        if not line:
            if self._has_data:
                yield bytes(self._event)
            self._event.clear()
            self._has_data = False
        elif line.startswith(b"data:"):
            if self._has_data:
                self._event += b"\n"
            self._event += line[5:].removeprefix(b" ")
            self._has_data = True

"""A long JSON list cut into its elements without reading it whole.

Only brackets and strings are looked at, so nothing here can recurse or grow: an element that is too
long, too deep or too crowded is passed over and said to be. What an element says is for a real
parser to find out, which then gets a bounded text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from appliance.errors import ImportRefused
from appliance.sentences import say

PIECE_BYTES = 256 * 1024
MOST_PART_BYTES = 64 * 2**20
MOST_DEPTH = 60
MOST_BRACKETS = 600_000
"""About what 50,000 messages of other programs have; each becomes an object in memory."""

# Whatever is no bracket: scalars, and strings that are whole. Possessive, so linear.
_SIMPLE = rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")'
_FLAT = re.compile(_SIMPLE + rb"*+", re.DOTALL)
# The same with brackets that hold no others: nobody counts them in what is passed over anyway.
_PAIRS = re.compile(rb"(?:%b|\{%b*+\}|\[%b*+\])*+" % (_SIMPLE, _SIMPLE, _SIMPLE), re.DOTALL)
_OPENINGS, _CLOSINGS = re.compile(rb"[\[{]++"), re.compile(rb"[\]}]++")
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_BETWEEN = re.compile(rb"[\s,]*+")

# An object whose simple members stand before its list, as our own export has it.
_HEAD = re.compile(
    rb'\s*+(\{\s*+(?:"[a-z_]{1,40}"\s*+:\s*+'
    rb'(?:"[^"\\]{0,200}"|-?[0-9]{1,15}|true|false|null)\s*+,\s*+)*+"conversations"\s*+:\s*+)\['
)
_LIST = re.compile(rb"\s*+\[")
_HEAD_BYTES = 8192
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_NO_LIST = say("This file holds no list of conversations. Choose an export of conversations.")
CUT_OFF = say("The file ends in the middle; what came before that is here.")


@dataclass(frozen=True, slots=True)
class Part:
    """One element, or why it was passed over."""

    text: bytes | bytearray
    trouble: str = ""


class JsonParts:
    """The elements of the list in a file, one at a time.

    `header` is the object around the list without it, or empty. Raises ImportRefused when there is
    no such list. After each piece of the file comes a None, so that nobody waits long for a word.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        start = file.read(_HEAD_BYTES).removeprefix(_BYTE_ORDER_MARK)
        self.taken_bytes = len(start)
        self.header = b""
        if head := _HEAD.match(start):
            self.header = head[1] + b"null}"
        elif not (head := _LIST.match(start)) and not start.lstrip().startswith(b"{"):
            raise ImportRefused(_NO_LIST)
        self._rest = start[head.end() :] if head else start
        self._is_one = head is None

    def __iter__(self) -> Iterator[Part | None]:
        """Raises ImportRefused at the end when the file was cut off."""
        part = _GrowingPart()
        piece = self._rest
        while True:
            at = 0
            while at < len(piece):
                if not part.is_begun:
                    at = _BETWEEN.match(piece, at).end()  # type: ignore[union-attr]
                    if at == len(piece):
                        break
                    if piece[at : at + 1] == b"]":
                        return
                at = part.take(piece, at)
                if part.is_whole:
                    yield part.result()
                    if self._is_one:
                        return
                    part = _GrowingPart()
                elif part.is_waiting:
                    break
            yield None
            more = self._file.read(PIECE_BYTES)
            self.taken_bytes += len(more)
            if not more:
                raise ImportRefused(CUT_OFF)
            piece = piece[at:] + more


class _GrowingPart:
    """An element as far as it has been read."""

    def __init__(self) -> None:
        self.is_waiting = False
        """What is left of the piece cannot be understood before the next one is there."""
        self._text = bytearray()
        self._depth = 0
        self._deepest = 0
        self._brackets = 0
        self._length = 0
        self._in_string = False

    @property
    def is_begun(self) -> bool:
        return self._length > 0

    @property
    def is_whole(self) -> bool:
        return self.is_begun and self._depth == 0

    def take(self, piece: bytes, start: int) -> int:
        """Go on in `piece` from `start`, to the element's or the piece's end; says where it is."""
        if not self.is_begun and piece[start : start + 1] not in (b"{", b"["):
            raise ImportRefused(_NO_LIST)
        at, passing = start, _PAIRS if self._trouble() else _FLAT
        self.is_waiting = False
        while at < len(piece):
            if self._in_string:
                at = _IN_STRING.match(piece, at).end()  # type: ignore[union-attr]
                if at < len(piece) and piece[at : at + 1] == b"\\":
                    self.is_waiting = True  # its second half is in the next piece
                    break
                self._in_string = at == len(piece)
                at += not self._in_string
                continue
            at = passing.match(piece, at).end()  # type: ignore[union-attr]
            if piece[at : at + 1] == b'"':
                self._in_string = True
                at += 1
            elif openings := _OPENINGS.match(piece, at):
                at = openings.end()
                self._brackets += at - openings.start()
                self._depth += at - openings.start()
                self._deepest = max(self._deepest, self._depth)
            elif closings := _CLOSINGS.match(piece, at):
                closed = min(self._depth, closings.end() - at)
                at += closed
                self._depth -= closed
                if self._depth == 0:
                    break
        self._keep(piece, start, at)
        return at

    def result(self) -> Part:
        """The whole element."""
        trouble = self._trouble()
        return Part(b"" if trouble else self._text, trouble)

    def _keep(self, piece: bytes, start: int, end: int) -> None:
        self._length += end - start
        if self._trouble():
            self._text.clear()
        else:
            self._text += piece[start:end]

    def _trouble(self) -> str:
        if self._length > MOST_PART_BYTES:
            return say("It is larger than %(most)s MB.", most=MOST_PART_BYTES // 2**20)
        if self._deepest > MOST_DEPTH:
            return say("It is nested more than %(most)s levels deep.", most=MOST_DEPTH)
        if self._brackets > MOST_BRACKETS:
            return say("It has more parts than 50,000 messages need.")
        return ""

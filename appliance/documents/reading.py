"""Reads a document in a throw-away child process, and doubts what it says."""

import os
import select
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

from appliance.documents.answer import (
    MOST_LINE_BYTES,
    MOST_PASSAGES,
    ReadAll,
    ReadPassage,
    ReadRefused,
    Said,
)
from appliance.errors import DocumentRefused
from appliance.model_files.throw_away import end_child, start_child, start_of
from appliance.sentences import said_before, say

_MIB = 1 << 20
_START = start_of("documents.reading_child")
_PIECE_BYTES = 1 << 16

_TOO_SLOW = say(
    "Reading the file took too long, as if it had no end, so it was given up. Save it anew with "
    "another program, or send it as plain text."
)
_BROKE = say(
    "Reading the file broke off the process that read it; nothing else was hurt. Save it anew with "
    "another program, or send it as plain text."
)

_decoder: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What the child may use; of one step it is told, which is a page or a passage."""

    memory_bytes: int
    cpu_seconds: int = 900
    step_cpu_seconds: float = 60.0
    wall_seconds: float = 3600.0

    @classmethod
    def for_file(cls, size_bytes: int) -> "ReadingLimits":
        # A page of text, or the whole of one in a DOCX, in several forms at once.
        return cls(memory_bytes=1024 * _MIB + 2 * size_bytes)


class Reading:
    """One document on its way. Made, asked and closed on threads; not two at a time."""

    def __init__(self, file: BinaryIO, name: str, limits: ReadingLimits | None = None) -> None:
        """`file` is given to the child; it may have no name on any disk."""
        limits = limits or ReadingLimits.for_file(os.fstat(file.fileno()).st_size)
        bounds = (limits.memory_bytes, limits.cpu_seconds, limits.step_cpu_seconds, os.getpid())
        self._child = start_child(_START, name, *bounds, stdin=file)
        self._deadline = time.monotonic() + limits.wall_seconds
        self._passages = 0
        self._said = self._lines()

    def take(self, most: int) -> list[Said]:
        """What comes next, at most so much of it; empty after the end.

        Raises DocumentRefused, whatever the child did.
        """
        taken: list[Said] = []
        for said in self._said:
            if isinstance(said, ReadRefused):
                # It says it in English; what is one of our sentences can be said anew.
                raise DocumentRefused(said_before(said.sentence))
            self._passages += isinstance(said, ReadPassage)
            if self._passages > MOST_PASSAGES:
                raise DocumentRefused(_BROKE)
            taken.append(said)
            if len(taken) >= most:
                break
        return taken

    def stop(self) -> None:
        """Whoever waits for what comes next waits no longer."""
        self._child.kill()

    def close(self) -> None:
        """The child is gone, however far it was."""
        end_child(self._child)

    def _lines(self) -> Iterator[Said]:
        assert self._child.stdout is not None
        descriptor, waiting = self._child.stdout.fileno(), bytearray()
        while piece := self._piece(descriptor):
            waiting += piece
            *lines, rest = waiting.split(b"\n")
            waiting = rest
            if len(waiting) > MOST_LINE_BYTES:
                raise DocumentRefused(_BROKE)
            for line in lines:
                said = self._believed(line)
                yield said
                if isinstance(said, ReadAll | ReadRefused):
                    return
        # It ended without a last word.
        slow = (-signal.SIGPROF, -signal.SIGXCPU)
        raise DocumentRefused(_TOO_SLOW if self._child.wait() in slow else _BROKE)

    def _piece(self, descriptor: int) -> bytes:
        left = self._deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise DocumentRefused(_TOO_SLOW)
        return os.read(descriptor, _PIECE_BYTES)

    def _believed(self, line: bytes | bytearray) -> Said:
        try:
            return _decoder.decode(line)
        except msgspec.DecodeError as error:
            raise DocumentRefused(_BROKE) from error

"""The child process that reads a stranger's document. It says what is in it line by line.

The file is its standard input, so it needs no path and may open none. It gives up everything that
could hurt before it looks; what it needs is imported by then. A step that takes too long, a loop in
a PDF say, ends it. Run as `main`, with: the file's name, memory limit, processor seconds in all,
processor seconds of one step, and the pid of the parent.
"""

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO, cast

import msgspec

from appliance.documents import docx, epub, pdf
from appliance.documents.answer import (
    MOST_PASSAGES,
    ReadAll,
    ReadPassage,
    ReadRefused,
    ReadSoFar,
    Said,
)
from appliance.documents.block import Block
from appliance.documents.chunking import passages
from appliance.documents.kinds import Kind, kind_of
from appliance.documents.marked_up import html_blocks
from appliance.documents.packed import DAMAGED, Packed
from appliance.documents.plain_text import markdown_blocks, table_blocks, text_blocks
from appliance.errors import ApplianceError, DocumentRefused
from appliance.model_files.child_limits import give_up_all
from appliance.sentences import say

NICENESS = 10
"""Whoever waits for a reply comes first."""
_TELL_EVERY_PAGES = 5

# Nothing of it is a letter: controls, halves of characters, what Unicode calls no character.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

_NO_WORDS = say("There is no text in the file.")
_TOO_LONG = say("The file has more text than the box keeps of one document. Send it in parts.")
_TOO_MUCH_MEMORY = say(
    "Reading the file takes more memory than a document needs. Send it in parts, or as plain text."
)


def main() -> None:
    name, memory, cpu, step, parent = sys.argv[1:6]
    with suppress(OSError):  # the service's own sandbox allows nobody to change that
        os.nice(NICENESS)
    give_up_all(int(memory), int(cpu), int(parent))
    teller = _Teller(float(step))
    try:
        teller.tell_all(cast(BinaryIO, os.fdopen(0, "rb")), name)
    except ApplianceError as error:
        teller.refuse(str(error))
    except (MemoryError, RecursionError):
        teller.refuse(_TOO_MUCH_MEMORY)
    except Exception:
        # The outermost border of this process: whatever it is, the parent gets a sentence.
        teller.refuse(DAMAGED)
    # Not a normal end: freeing what a broken file led to allocate may crash after the answer.
    os._exit(0)


class _Teller:
    """Writes to the parent, and has so long for each step."""

    def __init__(self, step_seconds: float) -> None:
        self._step_seconds = step_seconds
        self._pages = 0
        self._begin_step()

    def tell_all(self, file: BinaryIO, name: str) -> None:
        """Raises DocumentRefused."""
        kind = kind_of(file, name)
        count = 0
        for count, passage in enumerate(passages(self._clean(self._blocks(kind, file))), start=1):
            if count > MOST_PASSAGES:
                raise DocumentRefused(_TOO_LONG)
            self.tell(ReadPassage(passage.text, passage.heading, passage.page))
        if not count:
            raise DocumentRefused(_NO_WORDS)
        self.tell(ReadAll(kind, self._pages))

    def tell(self, said: Said) -> None:
        """One line. The parent may take its time; that is none of the step's."""
        line = memoryview(msgspec.json.encode(said) + b"\n")
        while line:
            line = line[os.write(1, line) :]
        self._begin_step()

    def refuse(self, sentence: str) -> None:
        """The last word. Only its English goes over the wire."""
        self.tell(ReadRefused(str(sentence)[:500]))

    def _begin_step(self) -> None:
        # Processor time of this process. Nobody catches the signal, so it is the end.
        signal.setitimer(signal.ITIMER_PROF, self._step_seconds)

    def _pages_read(self, pages: int, of_pages: int) -> None:
        self._pages = of_pages
        if pages % _TELL_EVERY_PAGES == 0:
            self.tell(ReadSoFar(pages, of_pages))
        else:
            self._begin_step()

    def _blocks(self, kind: Kind, file: BinaryIO) -> Iterator[Block]:
        match kind:
            case Kind.PDF:
                return pdf.blocks(file, self._pages_read)
            case Kind.DOCX:
                return docx.blocks(Packed(file))
            case Kind.EPUB:
                return epub.blocks(Packed(file))
            case Kind.HTML:
                file.seek(0)
                return html_blocks(file.read())
            case Kind.MARKDOWN:
                return markdown_blocks(file)
            case Kind.CSV:
                return table_blocks(file)
            case Kind.TEXT:
                return text_blocks(file)

    def _clean(self, blocks: Iterator[Block]) -> Iterator[Block]:
        for block in blocks:
            text = _NO_TEXT.sub("", block.text)
            if text.strip():
                yield replace(block, text=text)

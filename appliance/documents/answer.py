"""What the child process that reads a document may say: one JSON line at a time."""

from typing import Annotated

import msgspec

MOST_PASSAGE_CHARS = 4_000
MOST_LINE_BYTES = 64 * 1024
MOST_PASSAGES = 50_000

_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]


class ReadPassage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="passage"):
    """The next one."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_PASSAGE_CHARS)]
    heading: Annotated[str, msgspec.Meta(max_length=200)] = ""
    page: Annotated[int, msgspec.Meta(ge=1, le=1 << 31)] | None = None


class ReadSoFar(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="so far"):
    """How many pages of how many."""

    pages: _Count
    of_pages: _Count


class ReadAll(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="all"):
    """It is read to its end: what it was, and how many pages it has, if it has any."""

    kind: Annotated[str, msgspec.Meta(max_length=20)]
    pages: _Count = 0


class ReadRefused(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="refused"):
    """It cannot be read: one sentence."""

    sentence: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


Said = ReadPassage | ReadSoFar | ReadAll | ReadRefused

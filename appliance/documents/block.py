"""What a document is made of, whatever kind of file it came in; plain values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a row of a table, or a heading of a level from 1 on, and its page."""

    text: str
    page: int | None = None
    level: int = 0
    is_row: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece that is found and cited as one: where it stands, and under which headings."""

    text: str
    page: int | None
    heading: str

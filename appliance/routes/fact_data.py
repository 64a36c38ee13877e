"""What the template of the page of facts receives; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact: what it is about, its words, what the box makes of it, where and when it was said.

    `until` is when something newer took its place; empty while it stands.
    """

    fact_id: str
    topic: str
    content: str
    language: str
    standing: str
    said: str
    url: str
    title: str
    is_used: bool
    can_confirm: bool
    until: str


@dataclass(frozen=True, slots=True)
class FactsPage:
    """What the box remembers of a person: what stands, what was replaced, and what may be read."""

    template: ClassVar[str] = "facts.html"
    variable: ClassVar[str] = "known"

    theme: str
    use: str
    rows: tuple[FactRow, ...]
    replaced: tuple[FactRow, ...]
    longest: int
    done: str = ""
    refusal: str = ""

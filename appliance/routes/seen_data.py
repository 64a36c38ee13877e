"""What the templates receive that show what a model saw of a turn; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class PartView:
    """A stretch of a prompt: whose it is, how it begins or what became of it, how long it is; and
    where it can be read, if that is elsewhere.
    """

    who: str
    words: str
    is_quote: bool
    tokens: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class FactView:
    """A name and a value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Facts under a heading."""

    heading: str
    facts: tuple[FactView, ...]


@dataclass(frozen=True, slots=True)
class SeenView:
    """What the model saw of a turn, and what wrote the reply."""

    template: ClassVar[str] = "_seen.html"
    variable: ClassVar[str] = "seen"

    turn_id: str
    asked: str
    note: str
    parts: tuple[PartView, ...]
    groups: tuple[FactGroup, ...]
    can_replay: bool


@dataclass(frozen=True, slots=True)
class SeenPage:
    """The same as a page by itself."""

    template: ClassVar[str] = "seen.html"
    variable: ClassVar[str] = "page"

    theme: str
    back_url: str
    seen: SeenView


@dataclass(frozen=True, slots=True)
class ComparedText:
    """A text as far as it is the same as the other one, and the rest of it."""

    same: str
    rest: str


@dataclass(frozen=True, slots=True)
class ReplayView:
    """A reply beside the same one run again, or why it was not: `differences`."""

    template: ClassVar[str] = "_replay.html"
    variable: ClassVar[str] = "replay"

    status: str
    differences: tuple[str, ...]
    notes: tuple[str, ...]
    then: ComparedText | None
    now: ComparedText | None


@dataclass(frozen=True, slots=True)
class ReplayWords:
    """More of it."""

    template: ClassVar[str] = "_replay_words.html"
    variable: ClassVar[str] = "words"

    text: str

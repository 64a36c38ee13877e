"""What the templates of the pages about keys and usage receive; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key in the list. What is empty there is not: no limit, never used, no end."""

    key_id: str
    name: str
    beginning: str
    scopes: tuple[str, ...]
    requests_per_minute: str
    tokens_per_day: str
    created: str
    last_used: str
    ends: str
    has_expired: bool


@dataclass(frozen=True, slots=True)
class MadeKeyView:
    """A key that was just made, with its secret, and how a program uses it."""

    name: str
    secret: str
    base_url: str
    may_chat: bool
    may_read: bool


@dataclass(frozen=True, slots=True)
class KeysView:
    """The page of one's keys."""

    template: ClassVar[str] = "keys.html"
    variable: ClassVar[str] = "keys"

    theme: str
    is_admin: bool
    made: MadeKeyView | None
    rows: tuple[KeyRow, ...]


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day: a bar of the picture, and a row of the table unless nothing was asked."""

    day: str
    x: int
    y: int
    height: int
    requests: str
    prompt_tokens: str
    completion_tokens: str


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What went through one key; without a name through the page, or through keys that are gone."""

    name: str
    is_gone: bool
    requests: str
    prompt_tokens: str
    completion_tokens: str


@dataclass(frozen=True, slots=True)
class UsageView:
    """The page of what one has used; a limit that is empty is none."""

    template: ClassVar[str] = "usage.html"
    variable: ClassVar[str] = "usage"

    theme: str
    requests: str
    tokens: str
    requests_per_minute: str
    tokens_per_day: str
    tokens_left: str
    has_any: bool
    bars: tuple[DayBar, ...]
    most_tokens: str
    most_day: str
    keys: tuple[KeyUse, ...]

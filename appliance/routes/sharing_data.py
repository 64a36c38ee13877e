"""What the templates of shared conversations receive; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar

from appliance.routes.message_data import BlockView, TimeView


@dataclass(frozen=True, slots=True)
class SharedLinkRow:
    """One of one's own links, without what makes it one."""

    link_id: str
    conversation_id: str
    title: str
    made_on: str
    ends_on: str
    messages: int
    views: int
    shows_name: bool


@dataclass(frozen=True, slots=True)
class SharedLinksView:
    """One's own links in a list; `is_listing_all` where they are of several conversations."""

    template: ClassVar[str] = "_shared_links.html"
    variable: ClassVar[str] = "links"

    rows: tuple[SharedLinkRow, ...]
    is_listing_all: bool


@dataclass(frozen=True, slots=True)
class SharedLinksPageView:
    """All of one's own links."""

    template: ClassVar[str] = "shared_links.html"
    variable: ClassVar[str] = "page"

    theme: str
    links: SharedLinksView


@dataclass(frozen=True, slots=True)
class SharedUrlView:
    """A link that was just made, shown this once; `is_local` when only this machine knows the
    address.
    """

    url: str
    ends_on: str
    is_local: bool


@dataclass(frozen=True, slots=True)
class DaysChoice:
    """For how long a link may work."""

    days: int
    is_usual: bool


@dataclass(frozen=True, slots=True)
class SharingView:
    """Where a conversation is shared: how, and what is shared of it already."""

    template: ClassVar[str] = "sharing.html"
    variable: ClassVar[str] = "page"

    theme: str
    conversation_id: str
    title: str
    made: SharedUrlView | None
    choices: tuple[DaysChoice, ...]
    links: SharedLinksView


@dataclass(frozen=True, slots=True)
class SharedMessageView:
    """One thing said, as a stranger reads it: words as they were typed, or a reply in blocks."""

    is_reply: bool
    time: TimeView
    typed: str
    language: str
    blocks: tuple[BlockView, ...]


@dataclass(frozen=True, slots=True)
class SharedPageView:
    """A shared conversation, or a part of a long one."""

    template: ClassVar[str] = "shared.html"
    variable: ClassVar[str] = "page"

    theme: str
    title: str
    owner_name: str
    shared_on: str
    ends_on: str
    messages: tuple[SharedMessageView, ...]
    number: int
    count: int
    earlier_url: str
    later_url: str


@dataclass(frozen=True, slots=True)
class SharedGoneView:
    """Nothing is shared here, or not any more; it does not say which."""

    template: ClassVar[str] = "shared_gone.html"
    variable: ClassVar[str] = "gone"

    theme: str

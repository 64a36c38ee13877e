"""What the templates receive that list conversations and what was found; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar

from appliance.conversations.excerpts import Piece
from appliance.routes.page_data import HeadView, SearchField, SidebarView


@dataclass(frozen=True, slots=True)
class ExcerptView:
    """A piece of somebody's text, in which some pieces are marked."""

    template: ClassVar[str] = "_excerpt.html"
    variable: ClassVar[str] = "excerpt"

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class FoundTitle:
    """A conversation whose title matches."""

    conversation_id: str
    title: ExcerptView
    day: str


@dataclass(frozen=True, slots=True)
class FoundView:
    """A message that matches, and the address at which its page opens at it."""

    url: str
    title: str
    byline: str
    excerpt: ExcerptView


@dataclass(frozen=True, slots=True)
class SearchPageView:
    """The page of a search: `words` say what became of it."""

    template: ClassVar[str] = "search.html"
    variable: ClassVar[str] = "search"

    head: HeadView
    theme: str
    sidebar: SidebarView
    field: SearchField
    words: str
    titles: tuple[FoundTitle, ...]
    messages: tuple[FoundView, ...]
    back_url: str
    more_url: str


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """A conversation on a page of its kind."""

    conversation_id: str
    title: str
    day: str


@dataclass(frozen=True, slots=True)
class FolderLink:
    """A folder, and whether it is the one being looked at or chosen."""

    folder_id: str
    name: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ShelfPageView:
    """Everything, the archive, or a folder; no `folder_id` in the first two."""

    template: ClassVar[str] = "shelf.html"
    variable: ClassVar[str] = "shelf"

    head: HeadView
    theme: str
    sidebar: SidebarView
    heading: str
    empty_words: str
    is_archive: bool
    folder_id: str
    folders: tuple[FolderLink, ...]
    rows: tuple[ShelfRow, ...]
    older_url: str


@dataclass(frozen=True, slots=True)
class PlaceView:
    """In which folder a conversation shall be."""

    template: ClassVar[str] = "_place.html"
    variable: ClassVar[str] = "place"

    conversation_id: str
    folders: tuple[FolderLink, ...]

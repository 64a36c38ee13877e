"""What the templates of documents receive; see `page_data`. Their texts are plain text."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A line of a list. `percent` is None where nobody knows how much there is; `trouble` says what
    is wrong with it.
    """

    document_id: str
    name: str
    words: str
    trouble: str
    is_busy: bool
    percent: int | None
    can_open: bool
    is_everybodys: bool
    can_delete: bool
    conversation_id: str
    conversation_title: str


@dataclass(frozen=True, slots=True)
class DocumentListView:
    """What is here, and how far what comes in has come."""

    template: ClassVar[str] = "_documents.html"
    variable: ClassVar[str] = "documents"

    rows: tuple[DocumentRow, ...]
    trouble: str


@dataclass(frozen=True, slots=True)
class DocumentsView:
    """The page of a person's documents."""

    template: ClassVar[str] = "documents.html"
    variable: ClassVar[str] = "page"

    theme: str
    documents: DocumentListView
    is_admin: bool
    is_sealed: bool
    most_mb: int
    done: str


@dataclass(frozen=True, slots=True)
class AttachedView:
    """The documents of the conversation that is open; nothing where there are none."""

    template: ClassVar[str] = "_attached.html"
    variable: ClassVar[str] = "attached"

    conversation_id: str
    rows: tuple[DocumentRow, ...]
    is_busy: bool


@dataclass(frozen=True, slots=True)
class PassageView:
    """A passage, with the page or heading that begins with it."""

    number: int
    page: int | None
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document that is read; `number` and `count` are of pages of this page."""

    template: ClassVar[str] = "document.html"
    variable: ClassVar[str] = "document"

    theme: str
    document_id: str
    name: str
    words: str
    trouble: str
    passages: tuple[PassageView, ...]
    number: int
    count: int
    earlier_url: str
    later_url: str
    conversation_id: str
    conversation_title: str
    is_everybodys: bool
    can_delete: bool

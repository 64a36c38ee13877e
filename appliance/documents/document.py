"""The nouns of documents, as plain values; store, service and routes speak of the same things."""

from dataclasses import dataclass
from enum import StrEnum

from appliance.documents.block import Passage


class DocumentState(StrEnum):
    """How far a document has come."""

    RECEIVING = "receiving"
    WAITING = "waiting"
    READING = "reading"
    READY = "ready"
    REFUSED = "refused"

    @property
    def is_final(self) -> bool:
        return self in (DocumentState.READY, DocumentState.REFUSED)


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was put in. `why` says why it was refused; then the file itself is not kept.

    With a conversation only that one sees it. `embedded` are those of its passages that can be
    found by what they mean, and not only by their words.
    """

    document_key: int
    document_id: str
    name: str
    kind: str
    size_bytes: int
    pages: int
    passages: int
    created_at: int
    state: DocumentState
    why: str
    is_everybodys: bool
    conversation_id: str | None = None
    conversation_title: str = ""
    embedded: int = 0


@dataclass(frozen=True, slots=True)
class NumberedPassage:
    """A passage and its number, counted from 1."""

    number: int
    passage: Passage


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document with one page of its passages; `at` and `count` are of such pages."""

    document: Document
    passages: tuple[NumberedPassage, ...]
    at: int
    count: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is put: into a person's library, a conversation of theirs, or for all."""

    owner_key: int
    conversation_id: str | None = None

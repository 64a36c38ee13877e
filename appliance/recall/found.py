"""What recall brings back, as plain values."""

from dataclasses import dataclass

from appliance.conversations.conversation import Role


@dataclass(frozen=True, slots=True)
class MessageSource:
    """Where something was said, and under which title."""

    conversation_id: str
    message_id: str
    role: Role
    title: str


@dataclass(frozen=True, slots=True)
class DocumentSource:
    """Where something stands: the passage of that number, on a page, under a heading."""

    document_id: str
    passage: int
    name: str
    page: int | None
    heading: str


@dataclass(frozen=True, slots=True)
class Recalled:
    """A chunk that was found. `said_at` is in Unix seconds, `score` between 0 and about 1; `before`
    and `after` are what stood around it, empty when nothing did.
    """

    chunk_key: int
    text: str
    said_at: int
    score: float
    source: MessageSource | DocumentSource
    before: str
    after: str

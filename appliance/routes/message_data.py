"""What the templates receive that show messages, replies and summaries; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar, Literal

ReplyState = Literal["running", "finished", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class BlockView:
    """One top-level piece of Markdown, rendered; its element id stays the same for ever."""

    template: ClassVar[str] = "_block.html"
    variable: ClassVar[str] = "block"

    element_id: str
    language: str
    html: str


@dataclass(frozen=True, slots=True)
class StatusView:
    """What the box is doing for a reply that is not over; `percent` only while reading."""

    template: ClassVar[str] = "_status.html"
    variable: ClassVar[str] = "status"

    phase: str
    words: str
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class TimeView:
    """When a message came: for machines, as a clock, and the day if this message begins one."""

    iso: str
    clock: str
    day: str | None


@dataclass(frozen=True, slots=True)
class TypedText:
    """A person's own words as typed; of a very long text the `rest` is folded away."""

    start: str
    rest: str
    characters: int
    language: str


@dataclass(frozen=True, slots=True)
class SourceLink:
    """A place that something was remembered from; a document without a title of its own."""

    title: str
    url: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class RecalledView:
    """Where a reply has what it remembers from."""

    template: ClassVar[str] = "_recalled.html"
    variable: ClassVar[str] = "recalled"

    sources: tuple[SourceLink, ...]


@dataclass(frozen=True, slots=True)
class ReplyView:
    """The answer to a message, running or over.

    `cut` says why it ends before its end, `unread` what of the conversation the model did not see.
    """

    turn_id: str
    state: ReplyState
    blocks: tuple[BlockView, ...]
    status: StatusView | None
    error: str
    cut: str
    unread: str
    speed: str
    can_retry: bool
    can_continue: bool
    is_last: bool
    details_url: str = ""
    """Where to read what the model saw; empty when nobody knows."""
    summary_url: str = ""
    """Where to read what the model read in place of messages."""
    recalled: RecalledView | None = None


@dataclass(frozen=True, slots=True)
class BranchesView:
    """Which of several messages in one place this is, and the ones beside it; None at either end.

    `place_id` is the same for all of them, so that a focus on an arrow stays there.
    """

    template: ClassVar[str] = "_branches.html"
    variable: ClassVar[str] = "branches"

    conversation_id: str
    place_id: str
    words: str
    previous_id: str | None
    next_id: str | None


@dataclass(frozen=True, slots=True)
class MessageView:
    """One thing said: either what a person typed or a reply.

    `message_id` is empty for a reply of which nothing is stored.
    """

    template: ClassVar[str] = "_message.html"
    variable: ClassVar[str] = "message"

    element_id: str
    message_id: str
    time: TimeView
    branches: BranchesView | None
    typed: TypedText | None
    reply: ReplyView | None


@dataclass(frozen=True, slots=True)
class SummaryPart:
    """One summary: of what, in whose words, and which element it is on its own page."""

    summary_id: str
    covers: str
    author: str
    content: str
    language: str
    can_renew: bool


@dataclass(frozen=True, slots=True)
class SummaryView:
    """What the model reads for the earlier part of a conversation, folded; it stands before the
    message named. The element id changes with the words, so that a reader's open fold stays open.
    """

    template: ClassVar[str] = "_summary.html"
    variable: ClassVar[str] = "summary"

    element_id: str
    before_id: str
    url: str
    parts: tuple[SummaryPart, ...]


@dataclass(frozen=True, slots=True)
class MessagesView:
    """The messages of the page, or the invitation to a first one.

    `first_id` and `last_id` are said back by a page that shows more or other messages than usual,
    to be brought up to date as a whole; without a last one it shows the branch to its end.
    """

    template: ClassVar[str] = "_messages.html"
    variable: ClassVar[str] = "messages"

    shown: tuple[MessageView, ...]
    summary: SummaryView | None
    earlier_url: str | None
    later_url: str | None
    first_id: str
    last_id: str
    notice: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EditView:
    """A message of one's own, to be said in another way."""

    template: ClassVar[str] = "_edit.html"
    variable: ClassVar[str] = "edit"

    message_id: str
    content: str
    client_message_id: str


@dataclass(frozen=True, slots=True)
class SummariesPageView:
    """The summaries of a conversation by themselves, each with what can be done with it."""

    template: ClassVar[str] = "summaries.html"
    variable: ClassVar[str] = "page"

    theme: str
    title: str
    url: str
    parts: tuple[SummaryPart, ...]
    is_being_made: bool
    longest: int

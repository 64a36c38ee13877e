"""What templates receive: one frozen dataclass for each template, and nothing else.

`template` names the file, `variable` the one name it is known by in there. A test reads every
template and compares what it uses with what its dataclass has, in both directions.
Text is plain text here; a template escapes it. Only `BlockView.html` is HTML already: it comes from
`rendering/`, which sanitises last, and `_block.html` is the one place that trusts it.
"""

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
    characters: str
    language: str


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
    summary_url: str = ""
    """Where to read what the model read in place of messages."""


@dataclass(frozen=True, slots=True)
class MessageView:
    """One thing said: either what a person typed or a reply."""

    template: ClassVar[str] = "_message.html"
    variable: ClassVar[str] = "message"

    element_id: str
    time: TimeView
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
    """The messages of the page, or the invitation to a first one."""

    template: ClassVar[str] = "_messages.html"
    variable: ClassVar[str] = "messages"

    shown: tuple[MessageView, ...]
    summary: SummaryView | None
    earlier_url: str | None
    notice: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConversationLink:
    """A line of the list."""

    conversation_id: str
    title: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class ListGroup:
    """A heading of the list and what stands under it."""

    heading: str
    links: tuple[ConversationLink, ...]


@dataclass(frozen=True, slots=True)
class ListView:
    """All conversations."""

    template: ClassVar[str] = "_conversations.html"
    variable: ClassVar[str] = "conversations"

    groups: tuple[ListGroup, ...]


@dataclass(frozen=True, slots=True)
class HeaderView:
    """The title, and what can be done with the conversation; no id when none is open."""

    template: ClassVar[str] = "_header.html"
    variable: ClassVar[str] = "header"

    conversation_id: str
    title: str
    theme: str
    model_name: str


@dataclass(frozen=True, slots=True)
class BoxView:
    """How the model is; the sentence says what to do when it is not well, and `answered_by` names
    the other machine that the messages go to.
    """

    template: ClassVar[str] = "_box.html"
    variable: ClassVar[str] = "box"

    state: str
    word: str
    sentence: str
    answered_by: str


@dataclass(frozen=True, slots=True)
class ComposerIds:
    """What the next message belongs to; `client_message_id` makes sending it twice harmless."""

    template: ClassVar[str] = "_composer_ids.html"
    variable: ClassVar[str] = "ids"

    conversation_id: str
    client_message_id: str


@dataclass(frozen=True, slots=True)
class ActionView:
    """Send, or Stop while the turn named runs."""

    template: ClassVar[str] = "_action.html"
    variable: ClassVar[str] = "action"

    running_turn_id: str | None


@dataclass(frozen=True, slots=True)
class SyncView:
    """Where the page asks whether it is still up to date, and which state it shows."""

    template: ClassVar[str] = "_sync.html"
    variable: ClassVar[str] = "sync"

    url: str
    state: str
    is_hurried: bool
    expects_title: bool


@dataclass(frozen=True, slots=True)
class ErrorView:
    """One sentence about what went wrong and what to do."""

    template: ClassVar[str] = "_error.html"
    variable: ClassVar[str] = "error"

    sentence: str


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


@dataclass(frozen=True, slots=True)
class PageView:
    """The whole page: its regions, each of which can be replaced by itself later."""

    template: ClassVar[str] = "page.html"
    variable: ClassVar[str] = "page"

    tab_title: str
    theme: str
    header: HeaderView
    box: BoxView
    conversations: ListView
    messages: MessagesView
    ids: ComposerIds
    action: ActionView
    sync: SyncView

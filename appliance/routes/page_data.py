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
    can_continue: bool
    is_last: bool
    details_url: str = ""
    """Where to read what the model saw; empty when nobody knows."""
    summary_url: str = ""
    """Where to read what the model read in place of messages."""


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
class ConversationLink:
    """A line of the list."""

    conversation_id: str
    title: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class ListGroup:
    """A heading of the list and what stands under it; a folder can be folded up."""

    heading: str
    links: tuple[ConversationLink, ...]
    folder_id: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class ListView:
    """The newest conversations."""

    template: ClassVar[str] = "_conversations.html"
    variable: ClassVar[str] = "conversations"

    groups: tuple[ListGroup, ...]


@dataclass(frozen=True, slots=True)
class SearchField:
    """Where words are typed that are looked for everywhere."""

    template: ClassVar[str] = "_search_field.html"
    variable: ClassVar[str] = "field"

    question: str = ""


@dataclass(frozen=True, slots=True)
class SidebarView:
    """The list and what stands above it; no search where the page has its own."""

    template: ClassVar[str] = "_sidebar.html"
    variable: ClassVar[str] = "sidebar"

    conversations: ListView
    search: SearchField | None


@dataclass(frozen=True, slots=True)
class HeadView:
    """The head of a page without a conversation."""

    template: ClassVar[str] = "_head.html"
    variable: ClassVar[str] = "head"

    title: str


@dataclass(frozen=True, slots=True)
class HeaderView:
    """The title, and what can be done with the conversation; no id when none is open."""

    template: ClassVar[str] = "_header.html"
    variable: ClassVar[str] = "header"

    conversation_id: str
    title: str
    theme: str
    model_name: str
    is_pinned: bool = False
    is_archived: bool = False
    is_temporary: bool = False


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
class TemporaryView:
    """A word that this conversation is temporary; with none open, the switch that begins one."""

    template: ClassVar[str] = "_temporary.html"
    variable: ClassVar[str] = "temporary"

    is_offered: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class PresenceView:
    """How a page with a temporary conversation says that it is there, and that it goes; nothing is
    said where it has no id.
    """

    template: ClassVar[str] = "_presence.html"
    variable: ClassVar[str] = "presence"

    conversation_id: str
    page_id: str


@dataclass(frozen=True, slots=True)
class ErrorView:
    """One sentence about what went wrong and what to do."""

    template: ClassVar[str] = "_error.html"
    variable: ClassVar[str] = "error"

    sentence: str


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """What was done and cannot be seen any more."""

    template: ClassVar[str] = "_receipt.html"
    variable: ClassVar[str] = "receipt"

    sentence: str


@dataclass(frozen=True, slots=True)
class PartView:
    """A stretch of a prompt: whose it is, how it begins or what became of it, how long it is."""

    who: str
    words: str
    is_quote: bool
    tokens: str


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


@dataclass(frozen=True, slots=True)
class ImportView:
    """How an import stands, or what it did; `ended` says why it stopped before the file's end."""

    template: ClassVar[str] = "_import.html"
    variable: ClassVar[str] = "imported"

    import_id: str
    is_over: bool
    percent: int
    words: str
    ended: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataView:
    """The page "Your data"; `confirmation` is what to type before everything is deleted."""

    template: ClassVar[str] = "data.html"
    variable: ClassVar[str] = "yours"

    theme: str
    held: str
    has_any: bool
    notice: str
    imported: ImportView | None
    confirmation: str


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
    sidebar: SidebarView
    messages: MessagesView
    ids: ComposerIds
    action: ActionView
    sync: SyncView
    temporary: TemporaryView
    presence: PresenceView

"""What templates receive: one frozen dataclass for each template, and nothing else.

`template` names the file, `variable` the one name it is known by in there. A test reads every
template and compares what it uses with what its dataclass has, in both directions.
Text is plain text here; a template escapes it. Only `BlockView.html` is HTML already: it comes from
`rendering/`, which sanitises last, and `_block.html` is the one place that trusts it.
"""

from dataclasses import dataclass
from typing import ClassVar

from appliance.routes.message_data import MessagesView


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
    person_name: str = ""
    is_recalled: bool = True


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
class ClipView:
    """What takes documents into the conversation; put in anew, it holds no file any more."""

    template: ClassVar[str] = "_clip.html"
    variable: ClassVar[str] = "clip"

    element_id: str = "clip"


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
class PlainWords:
    """Words for a region that holds nothing else."""

    template: ClassVar[str] = "_words.html"
    variable: ClassVar[str] = "words"

    text: str


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
    clip: ClipView = ClipView()

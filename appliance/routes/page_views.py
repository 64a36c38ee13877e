"""The page and its regions, made from what the service knows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from hashlib import blake2b

from litestar.plugins.htmx import HTMXRequest

from appliance.conversations.box_status import BoxStatus
from appliance.conversations.conversation import (
    Conversation,
    Message,
    OpenConversation,
    TitledBy,
    TurnSnapshot,
    new_id,
)
from appliance.routes import local_time
from appliance.routes.message_views import message_views
from appliance.routes.page_data import (
    ActionView,
    BoxView,
    ComposerIds,
    ConversationLink,
    HeaderView,
    ListGroup,
    ListView,
    MessagesView,
    PageView,
    SyncView,
)
from appliance.routes.summary_views import summary_view

MESSAGES_SHOWN = 50

FIRST_QUESTIONS = (
    "What can I cook tonight with eggs, rice and spinach?",
    "Explain how a heat pump works, simply.",
    "Help me write a friendly note to my neighbours about a party.",
    "Make a packing list for a weekend by the sea.",
)

BOX_WORDS = {"loading": "Loading the model", "ready": "Ready", "failed": "No model"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: time zone, today's date there, and the theme chosen."""

    zone: tzinfo
    today: date
    theme: str

    @classmethod
    def of(cls, request: HTMXRequest) -> "Reader":
        """Read from the cookies that the page's scripts set; anything unknown there is ignored."""
        zone = local_time.zone_named(request.cookies.get("zone"))
        theme = request.cookies.get("theme", "")
        return cls(
            zone=zone,
            today=datetime.now(UTC).astimezone(zone).date(),
            theme=theme if theme in ("light", "dark") else "system",
        )


def page_view(
    reader: Reader,
    box: BoxStatus,
    conversations: Sequence[Conversation],
    opened: OpenConversation | None = None,
    running: TurnSnapshot | None = None,
    before_id: str = "",
) -> PageView:
    """The page with a conversation open, or with none; `before_id` shows what came before that."""
    conversation = opened.conversation if opened else None
    title = conversation.title if conversation else ""
    return PageView(
        tab_title=title or "Appliance",
        theme=reader.theme,
        header=header_view(reader, box, conversation),
        box=box_view(box),
        conversations=list_view(reader, conversations, conversation),
        messages=messages_view(reader, opened, running, before_id) if opened else blank_view(),
        ids=ComposerIds(conversation.conversation_id if conversation else "", new_id()),
        action=ActionView(running.turn.turn_id if running else None),
        sync=sync_view(box, conversations, opened),
    )


def messages_view(
    reader: Reader,
    opened: OpenConversation,
    running: TurnSnapshot | None = None,
    before_id: str = "",
) -> MessagesView:
    """The newest messages, or those before one; bounded, however long the conversation is."""
    messages, earlier_id = _slice_before(opened.messages, before_id)
    conversation_id = opened.conversation.conversation_id
    earlier_url = f"/conversations/{conversation_id}?before={earlier_id}" if earlier_id else None
    shown = message_views(opened, messages, running, reader.today, reader.zone)
    summary = summary_view(opened, messages, reader.today, reader.zone)
    return replace(
        blank_view(), shown=shown, summary=summary, earlier_url=earlier_url, questions=()
    )


def blank_view(notice: str = "") -> MessagesView:
    """No conversation: an invitation, and perhaps a word about what became of the last one."""
    return MessagesView((), None, None, notice, FIRST_QUESTIONS)


def header_view(reader: Reader, box: BoxStatus, conversation: Conversation | None) -> HeaderView:
    """The title and the menu."""
    if conversation is None:
        return HeaderView("", "", reader.theme, box.model_name)
    return HeaderView(
        conversation.conversation_id, conversation.title, reader.theme, box.model_name
    )


def box_view(box: BoxStatus) -> BoxView:
    """The model's dot and word, and a sentence when something is wrong."""
    sentence = box.sentence if box.state == "failed" else box.trouble
    return BoxView(box.state, _box_word(box), sentence, box.answered_by)


def _box_word(box: BoxStatus) -> str:
    if box.is_changing:
        return "Changing the model"
    percent = f", {box.loaded_percent} %" if box.loaded_percent else ""
    return f"{BOX_WORDS[box.state]}{percent}"


def list_view(
    reader: Reader, conversations: Sequence[Conversation], current: Conversation | None
) -> ListView:
    """The list under its headings, in the order given."""
    groups: dict[str, list[ConversationLink]] = {}
    for each in conversations:
        day = local_time.day_of(each.updated_at, reader.zone)
        is_open = current is not None and each.conversation_id == current.conversation_id
        link = ConversationLink(each.conversation_id, each.title, is_open)
        groups.setdefault(local_time.group_words(day, reader.today), []).append(link)
    return ListView(tuple(ListGroup(name, tuple(links)) for name, links in groups.items()))


def sync_view(
    box: BoxStatus,
    conversations: Sequence[Conversation],
    opened: OpenConversation | None,
    *,
    after_reply: bool = False,
) -> SyncView:
    """Where to ask for news, and the fingerprint of what is shown now.

    A page that was shown a reply and nothing else may lack the title that came meanwhile.
    """
    path = f"/conversations/{opened.conversation.conversation_id}" if opened else "/"
    # While the model loads the reader waits for it, so the page looks more often.
    is_loading = box.state == "loading"
    expects_title = opened is not None and _expects_title(opened)
    state = state_of(box, conversations, opened)
    if opened is not None and after_reply and opened.conversation.titled_by is TitledBy.MODEL:
        expects_title, state = True, ""
    return SyncView(path, state, is_loading, expects_title)


def _expects_title(opened: OpenConversation) -> bool:
    """Whether the model may just now look for one: after one of the first replies."""
    if opened.conversation.titled_by is not TitledBy.BOX:
        return False
    return len(opened.messages) <= 6 and all(t.status.is_final for t in opened.turns.values())


def state_of(
    box: BoxStatus, conversations: Sequence[Conversation], opened: OpenConversation | None
) -> str:
    """A fingerprint that changes whenever the page would look different."""
    turns = opened.turns.values() if opened else ()
    parts = (
        box,
        [(each.conversation_id, each.title, each.updated_at) for each in conversations],
        opened.conversation if opened else None,
        opened.summaries if opened else None,
        [(turn.turn_id, turn.status, turn.reply_message_id) for turn in turns],
    )
    return blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def _slice_before(
    messages: Sequence[Message], before_id: str
) -> tuple[Sequence[Message], str | None]:
    """At most a screenful before a message (before the end if unknown), and where to go on."""
    ids = [message.message_id for message in messages]
    end = ids.index(before_id) if before_id in ids else len(ids)
    start = max(0, end - MESSAGES_SHOWN)
    return messages[start:end], ids[start] if start else None

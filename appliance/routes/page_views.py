"""The page and its regions, made from what the service knows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from hashlib import blake2b

from litestar.plugins.htmx import HTMXRequest

from appliance.conversations.box_status import BoxStatus
from appliance.conversations.conversation import Conversation, Folder, TitledBy, new_id
from appliance.conversations.opened import OpenConversation
from appliance.conversations.opening import SCREENFUL
from appliance.conversations.temporary import TITLE as TEMPORARY_TITLE
from appliance.conversations.turn import TurnSnapshot
from appliance.routes import local_time
from appliance.routes.message_data import MessagesView
from appliance.routes.message_views import message_views
from appliance.routes.page_data import (
    ActionView,
    BoxView,
    ComposerIds,
    ConversationLink,
    HeaderView,
    ListGroup,
    ListView,
    PageView,
    SearchField,
    SidebarView,
    SyncView,
)
from appliance.routes.summary_views import summary_view
from appliance.routes.temporary_views import presence_view, temporary_view
from appliance.sentences import said_before, say

FIRST_QUESTIONS = (
    say("What can I cook tonight with eggs, rice and spinach?"),
    say("Explain how a heat pump works, simply."),
    say("Help me write a friendly note to my neighbours about a party."),
    say("Make a packing list for a weekend by the sea."),
)

BOX_WORDS = {
    "loading": say("Loading the model"),
    "ready": say("Ready"),
    "failed": say("No model"),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: time zone, today's date there, the theme chosen, and the name if there is one."""

    zone: tzinfo
    today: date
    theme: str
    name: str = ""

    @classmethod
    def of(cls, request: HTMXRequest) -> "Reader":
        """Read from the cookies that the page's scripts set; anything unknown there is ignored."""
        zone = local_time.zone_named(request.cookies.get("zone"))
        theme = request.cookies.get("theme", "")
        return cls(
            zone=zone,
            today=datetime.now(UTC).astimezone(zone).date(),
            theme=theme if theme in ("light", "dark") else "system",
            name=request.user.person.name if request.user else "",
        )


def page_view(
    reader: Reader,
    box: BoxStatus,
    conversations: Sequence[Conversation],
    opened: OpenConversation | None = None,
    running: TurnSnapshot | None = None,
) -> PageView:
    """The page with a conversation open, or with none."""
    conversation = opened.conversation if opened else None
    title = title_words(conversation) if conversation else ""
    return PageView(
        tab_title=title or "Appliance",
        theme=reader.theme,
        header=header_view(reader, box, conversation),
        box=box_view(box),
        sidebar=SidebarView(list_view(reader, conversations, conversation), SearchField()),
        messages=messages_view(reader, opened, running) if opened else blank_view(),
        ids=ComposerIds(conversation.conversation_id if conversation else "", new_id()),
        action=ActionView(running.turn.turn_id if running else None),
        sync=sync_view(box, conversations, opened),
        temporary=temporary_view(conversation),
        presence=presence_view(conversation),
    )


def messages_view(
    reader: Reader, opened: OpenConversation, running: TurnSnapshot | None = None
) -> MessagesView:
    """What is loaded of the branch, with the ways to what stands before and after it."""
    path = f"/conversations/{opened.conversation.conversation_id}"
    ids = [message.message_id for message in opened.messages]
    is_more_than_usual = opened.has_earlier or len(ids) > SCREENFUL
    shown = message_views(opened, opened.messages, running, reader.today, reader.zone)
    return replace(
        blank_view(),
        shown=shown,
        summary=summary_view(opened, opened.messages, reader.today, reader.zone),
        earlier_url=f"{path}?before={ids[0]}" if opened.has_earlier else None,
        later_url=f"{path}?after={ids[-1]}" if opened.has_later else None,
        first_id=ids[0] if is_more_than_usual else "",
        last_id=ids[-1] if opened.has_later else "",
        questions=(),
    )


def blank_view(notice: str = "") -> MessagesView:
    """No conversation: an invitation, and perhaps a word about what became of the last one."""
    return MessagesView(
        shown=(),
        summary=None,
        earlier_url=None,
        later_url=None,
        first_id="",
        last_id="",
        notice=notice,
        questions=FIRST_QUESTIONS,
    )


def header_view(reader: Reader, box: BoxStatus, conversation: Conversation | None) -> HeaderView:
    """The title and the menu."""
    if conversation is None:
        return HeaderView("", "", reader.theme, box.model_name, person_name=reader.name)
    return HeaderView(
        conversation.conversation_id,
        title_words(conversation),
        reader.theme,
        box.model_name,
        conversation.is_pinned,
        conversation.is_archived,
        conversation.is_temporary,
        reader.name,
        conversation.is_recalled,
    )


def title_words(conversation: Conversation) -> str:
    """The box's own title for temporary conversations can be said in other languages."""
    is_ours = conversation.is_temporary and conversation.title == TEMPORARY_TITLE
    return TEMPORARY_TITLE if is_ours else conversation.title


def box_view(box: BoxStatus) -> BoxView:
    """The model's dot and word, and a sentence when something is wrong."""
    sentence = box.sentence if box.state == "failed" else box.trouble
    words = said_before(sentence) if sentence else ""
    return BoxView(box.state, _box_word(box), words, box.answered_by)


def _box_word(box: BoxStatus) -> str:
    if box.is_changing:
        return say("Changing the model")
    words = BOX_WORDS[box.state]
    if not box.loaded_percent:
        return words
    return say("%(words)s, %(percent)s %%", words=words, percent=box.loaded_percent)


def list_view(
    reader: Reader, conversations: Sequence[Conversation], current: Conversation | None
) -> ListView:
    """The list under its headings: pinned ones, folders by name, and the rest by date; under each
    in the order given.
    """
    pinned: list[ConversationLink] = []
    folders: dict[Folder, list[ConversationLink]] = {}
    days: dict[str, list[ConversationLink]] = {}
    for each in conversations:
        is_open = current is not None and each.conversation_id == current.conversation_id
        link = ConversationLink(each.conversation_id, each.title, is_open)
        day = local_time.day_of(each.updated_at, reader.zone)
        if each.is_pinned:
            pinned.append(link)
        elif each.folder is not None:
            folders.setdefault(each.folder, []).append(link)
        else:
            days.setdefault(local_time.group_words(day, reader.today), []).append(link)
    groups = [ListGroup(say("Pinned"), tuple(pinned))] if pinned else []
    for folder in sorted(folders, key=lambda folder: folder.name.casefold()):
        links = tuple(folders[folder])
        is_open = any(link.is_open for link in links)
        groups.append(ListGroup(folder.name, links, folder.folder_id, is_open))
    groups += [ListGroup(heading, tuple(links)) for heading, links in days.items()]
    return ListView(tuple(groups))


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
    is_young = len(opened.messages) <= 6 and not opened.has_earlier
    return is_young and all(turn.status.is_final for turn in opened.turns.values())


def state_of(
    box: BoxStatus, conversations: Sequence[Conversation], opened: OpenConversation | None
) -> str:
    """A fingerprint that changes whenever the page would look different.

    It is the same however much of the branch is loaded: every act shows in the conversation or in
    the turn at its end.
    """
    turn = opened.last_turn if opened else None
    parts = (
        box,
        [_as_listed(each) for each in conversations],
        opened.conversation if opened else None,
        (turn.turn_id, turn.status, turn.reply_message_id) if turn else None,
        opened.summaries if opened else None,
    )
    return blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def _as_listed(each: Conversation) -> tuple[object, ...]:
    place = (each.is_pinned, each.is_archived, each.folder)
    return (each.conversation_id, each.title, each.updated_at, place)

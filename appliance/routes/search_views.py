"""The page of a search, made from what was found."""

from collections.abc import Sequence
from urllib.parse import urlencode

from appliance.conversations.conversation import Conversation, FoundMessage, Role
from appliance.conversations.excerpts import excerpt
from appliance.conversations.search import MOST_CHARS, Findings
from appliance.routes import local_time
from appliance.routes.finding_data import ExcerptView, FoundTitle, FoundView, SearchPageView
from appliance.routes.page_data import HeadView, SearchField, SidebarView
from appliance.routes.page_views import Reader, list_view
from appliance.routes.recalled_views import message_url
from appliance.sentences import say

_TITLE_LENGTH = 120


def search_page_view(
    reader: Reader,
    conversations: Sequence[Conversation],
    question: str,
    page: int,
    findings: Findings,
) -> SearchPageView:
    """What was found under the question, and what to say about it."""
    return SearchPageView(
        head=HeadView(say("Search")),
        theme=reader.theme,
        sidebar=SidebarView(list_view(reader, conversations, None), search=None),
        field=SearchField(question),
        words=_words(question, page, findings),
        titles=tuple(_title_view(reader, each, findings) for each in findings.titles),
        messages=tuple(_found_view(reader, each, findings) for each in findings.messages),
        back_url=_url(question, page - 1) if page > 1 else "",
        more_url=_url(question, page + 1) if findings.has_more else "",
    )


def _words(question: str, page: int, findings: Findings) -> str:
    if not question.strip():
        return say("Type words that you remember. All your conversations are searched.")
    if not findings.sought.runs:
        return say("There is no word in that to look for. Type a word or a name.")
    if not findings.titles and not findings.messages:
        nothing = say("Nothing was found. Try other words.")
        return say("Nothing more was found.") if page > 1 else nothing
    if findings.is_loose:
        return say("No text has all of these words. These have some of them.")
    if findings.sought.is_cut or len(question) > MOST_CHARS:
        return say(
            "That is much to look for: only the first %(count)s words were.",
            count=len(findings.sought.runs),
        )
    return ""


def _title_view(reader: Reader, conversation: Conversation, findings: Findings) -> FoundTitle:
    day = local_time.day_of(conversation.updated_at, reader.zone)
    return FoundTitle(
        conversation.conversation_id,
        ExcerptView(excerpt(conversation.title, findings.sought.runs, _TITLE_LENGTH)),
        local_time.day_words(day, reader.today),
    )


def _found_view(reader: Reader, found: FoundMessage, findings: Findings) -> FoundView:
    message = found.message
    day = local_time.day_words(local_time.day_of(message.created_at, reader.zone), reader.today)
    is_own = message.role is Role.USER
    return FoundView(
        url=message_url(message.conversation_id, message.message_id),
        title=found.title,
        byline=say("%(day)s, you", day=day) if is_own else say("%(day)s, reply", day=day),
        excerpt=ExcerptView(excerpt(message.content, findings.sought.runs)),
    )


def _url(question: str, page: int) -> str:
    return "/search?" + urlencode({"q": question[:MOST_CHARS], "page": page})

"""Summaries as the page shows them: folded between the messages, and on a page of their own."""

from collections.abc import Iterable, Sequence
from datetime import date, tzinfo
from hashlib import blake2b

from appliance.conversations.accepting import SUMMARY_CHARS
from appliance.conversations.conversation import Message, Summary
from appliance.conversations.opened import OpenConversation
from appliance.conversations.summaries import OpenSummaries
from appliance.portable.words import messages_words
from appliance.routes import local_time
from appliance.routes.language import language_of
from appliance.routes.message_data import SummariesPageView, SummaryPart, SummaryView
from appliance.sentences import row, say


def summary_view(
    opened: OpenConversation, shown: Iterable[Message], today: date, zone: tzinfo
) -> SummaryView | None:
    """The fold, if the place where the summarised messages end is among those shown."""
    if not opened.summaries:
        return None
    last_id = opened.summaries[-1].last_message_id
    before = next((message for message in shown if message.parent_id == last_id), None)
    if before is None:
        return None
    return SummaryView(
        element_id=f"summary-{_fingerprint(opened.summaries)}",
        before_id=f"message-{before.message_id}",
        url=url_of(opened.conversation.conversation_id),
        parts=_parts(opened.summaries, today, zone),
    )


def summaries_page(
    opened: OpenSummaries, today: date, zone: tzinfo, theme: str
) -> SummariesPageView:
    """All of them, also those that were deleted: they can be written anew."""
    conversation = opened.conversation
    return SummariesPageView(
        theme=theme,
        title=conversation.title,
        url=f"/conversations/{conversation.conversation_id}",
        parts=_parts(opened.summaries, today, zone),
        is_being_made=opened.is_being_made,
        longest=SUMMARY_CHARS,
    )


def url_of(conversation_id: str) -> str:
    """Where the summaries of a conversation are by themselves."""
    return f"/conversations/{conversation_id}/summary"


def _parts(summaries: Sequence[Summary], today: date, zone: tzinfo) -> tuple[SummaryPart, ...]:
    return tuple(
        SummaryPart(
            summary_id=summary.summary_id,
            covers=_covers(summary, today, zone),
            author=_author(summary),
            content=summary.content,
            language=language_of(summary.content),
            # The model goes on from those before, so only the last one can be made anew.
            can_renew=summary is summaries[-1],
        )
        for summary in summaries
    )


def _covers(summary: Summary, today: date, zone: tzinfo) -> str:
    times = (summary.first_at, summary.last_at)
    days = [local_time.day_words(local_time.day_of(at, zone), today) for at in times]
    first, last = (local_time.clock(at, zone) for at in times)
    count = messages_words(summary.message_count)
    if days[0] == days[1]:
        when = say("%(day)s, %(first)s – %(last)s", day=days[0], first=first, last=last)
    else:
        when = say(
            "%(first_day)s, %(first)s – %(last_day)s, %(last)s",
            first_day=days[0],
            first=first,
            last_day=days[1],
            last=last,
        )
    return row([count, when])


def _author(summary: Summary) -> str:
    if not summary.is_edited:
        return say("Written by the model")
    if summary.content:
        return say("Written by you")
    return say("Deleted by you: not read any more")


def _fingerprint(summaries: Sequence[Summary]) -> str:
    return blake2b(repr(summaries).encode(), digest_size=8).hexdigest()

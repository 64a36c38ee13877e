"""Messages and turns as the page shows them.

One rule keeps a live page and a reloaded one alike: whatever is shown of a message is made here,
and element ids depend on the message or turn alone, never on where or when it is shown.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, tzinfo
from itertools import pairwise

from appliance.conversations.conversation import Message, Role
from appliance.conversations.opened import OpenConversation
from appliance.conversations.turn import Turn, TurnSnapshot, TurnStatus
from appliance.rendering.blocks import Block, BlockRenderer
from appliance.routes import local_time
from appliance.routes.branch_views import branches_before_nothing, branches_view
from appliance.routes.language import language_of, language_of_html
from appliance.routes.message_data import (
    BlockView,
    MessageView,
    ReplyState,
    ReplyView,
    StatusView,
    TimeView,
    TypedText,
)
from appliance.routes.recalled_views import recalled_view
from appliance.routes.reply_words import (
    cut_words,
    details_url,
    is_full,
    speed_words,
    status_view,
    summary_url,
    unread_words,
)
from appliance.sentences import said_before, say

FOLD_AFTER = 1_200
"""Characters of a person's message shown unfolded, about a screenful on a phone."""

# What scrolls has to be reached by the keyboard too.
_SCROLLS_SIDEWAYS = re.compile('<(pre|div class="table-scroll")>')


def message_views(
    opened: OpenConversation,
    messages: Iterable[Message],
    running: TurnSnapshot | None,
    today: date,
    zone: tzinfo,
) -> tuple[MessageView, ...]:
    """The given messages of the branch in order, each with its reply or what there is of one."""
    days = _Days(today, zone)
    views = []
    for message, following in _with_following(messages):
        time = days.time_of(message.created_at)
        asked = opened.turns.get(message.parent_id or "")
        if message.role is Role.USER:
            views.append(typed_view(opened, message, time))
            turn = opened.turns.get(message.message_id)
            if turn is not None and not _is_answered(turn, following):
                time = days.time_of(turn.created_at)
                if running is not None and running.turn.turn_id == turn.turn_id:
                    views.append(running_view(running, time))
                else:
                    views.append(unanswered_view(opened, turn, time))
        # While another try runs, what it replaces or continues is not shown beside it.
        elif message.role is Role.ASSISTANT and (asked is None or asked.status.is_final):
            views.append(reply_view(opened, message, time))
    return tuple(views)


def views_of_turn(
    opened: OpenConversation, turn_id: str, today: date, zone: tzinfo
) -> tuple[MessageView, ...]:
    """A turn's message and reply as the page shows them; empty if it is not on this branch."""
    for index, message in enumerate(opened.messages):
        turn = opened.turns.get(message.message_id)
        if turn is not None and turn.turn_id == turn_id:
            # One message more in front, so that the day is named only where it changes.
            around = opened.messages[max(0, index - 1) : index + 3]
            views = message_views(opened, around, None, today, zone)
            names = [each.element_id for each in views]
            first = names.index(f"message-{message.message_id}")
            return views[first : first + 2]
    return ()


def typed_view(opened: OpenConversation, message: Message, time: TimeView) -> MessageView:
    """What a person said."""
    return MessageView(
        element_id=f"message-{message.message_id}",
        message_id=message.message_id,
        time=time,
        branches=branches_view(opened, message),
        typed=_typed_text(message.content),
        reply=None,
    )


def reply_view(opened: OpenConversation, message: Message, time: TimeView) -> MessageView:
    """A reply that is over and has text."""
    turn = opened.replies.get(message.message_id)
    own_id = turn.turn_id if turn else message.message_id
    is_last = opened.is_last(message)
    return MessageView(
        element_id=f"turn-{own_id}",
        message_id=message.message_id,
        time=time,
        branches=branches_view(opened, message),
        typed=None,
        reply=ReplyView(
            turn_id=own_id,
            state=_final_state(turn),
            blocks=block_views(own_id, _blocks(message.content)),
            status=None,
            error=said_before(turn.error) if turn else "",
            cut=cut_words(turn) if turn else "",
            unread=unread_words(turn) if turn else "",
            summary_url=summary_url(turn) if turn else "",
            speed=speed_words(turn) if turn else "",
            can_retry=turn is not None,
            can_continue=is_last and turn is not None and turn.is_cut and not is_full(turn),
            is_last=is_last,
            details_url=details_url(turn) if turn else "",
            recalled=recalled_view(opened, own_id),
        ),
    )


def unanswered_view(opened: OpenConversation, turn: Turn, time: TimeView) -> MessageView:
    """A turn without a reply message: it runs, or it ended before its first word was stored."""
    is_final = turn.status.is_final
    is_last = turn.input_message_id == opened.conversation.leaf_id
    return MessageView(
        element_id=f"turn-{turn.turn_id}",
        message_id="",
        time=time,
        branches=branches_before_nothing(opened) if is_final and is_last else None,
        typed=None,
        reply=ReplyView(
            turn_id=turn.turn_id,
            state=_final_state(turn) if is_final else "running",
            blocks=block_views(turn.turn_id, _blocks(turn.checkpoint, is_final=is_final)),
            status=None if is_final else StatusView("waiting", say("Waiting")),
            error=said_before(turn.error),
            cut=cut_words(turn),
            unread=unread_words(turn) if is_final else "",
            summary_url=summary_url(turn) if is_final else "",
            speed="",
            can_retry=is_final,
            can_continue=False,
            is_last=is_last,
            details_url=details_url(turn) if is_final else "",
        ),
    )


def running_view(snapshot: TurnSnapshot, time: TimeView) -> MessageView:
    """A running turn with all its text so far."""
    turn_id = snapshot.turn.turn_id
    return MessageView(
        element_id=f"turn-{turn_id}",
        message_id="",
        time=time,
        branches=None,
        typed=None,
        reply=ReplyView(
            turn_id=turn_id,
            state="running",
            blocks=block_views(turn_id, _blocks(snapshot.text, is_final=False)),
            status=status_view(snapshot),
            error="",
            cut="",
            unread="",
            speed="",
            can_retry=False,
            can_continue=False,
            is_last=True,
        ),
    )


def block_id(turn_id: str, index: int) -> str:
    """What a block's element is called, as long as there is one."""
    return f"block-{turn_id}-{index}"


def block_views(turn_id: str, blocks: Iterable[Block]) -> tuple[BlockView, ...]:
    """Blocks with their places in the page."""
    return tuple(
        BlockView(
            element_id=block_id(turn_id, block.index),
            language=language_of_html(block.html),
            # No quotes: where an attribute's value only looks like the tag, it must stay a value.
            html=_SCROLLS_SIDEWAYS.sub(r"<\1 tabindex=0>", block.html),
        )
        for block in blocks
    )


def time_view(unix_seconds: int, zone: tzinfo, day: str | None = None) -> TimeView:
    """A time by itself; most have no day divider before them."""
    return TimeView(local_time.iso(unix_seconds), local_time.clock(unix_seconds, zone), day)


class _Days:
    """Puts a day's name on the first message of each day; a page that is all today needs none."""

    def __init__(self, today: date, zone: tzinfo) -> None:
        self._today = today
        self._zone = zone
        self._last = today

    def time_of(self, unix_seconds: int) -> TimeView:
        day = local_time.day_of(unix_seconds, self._zone)
        words = local_time.day_words(day, self._today) if day != self._last else None
        self._last = day
        return time_view(unix_seconds, self._zone, words)


def _with_following(messages: Iterable[Message]) -> Iterator[tuple[Message, Message | None]]:
    listed: list[Message | None] = [*messages, None]
    for message, following in pairwise(listed):
        assert message is not None
        yield message, following


def _is_answered(turn: Turn, following: Message | None) -> bool:
    return following is not None and turn.status.is_final and following.role is Role.ASSISTANT


def _final_state(turn: Turn | None) -> ReplyState:
    if turn is None:
        return "finished"
    if turn.status is TurnStatus.FAILED:
        return "failed"
    if turn.status is TurnStatus.CANCELLED:
        return "stopped"
    return "finished"


def _blocks(text: str, *, is_final: bool = True) -> tuple[Block, ...]:
    """Text that goes on is left open at its end, as the stream will find it."""
    renderer = BlockRenderer()
    renderer.feed(text)
    if is_final:
        renderer.finish()
    return renderer.blocks


def _typed_text(content: str) -> TypedText:
    language = language_of(content)
    if len(content) <= FOLD_AFTER:
        return TypedText(content, "", 0, language)
    # Fold at the end of a line, else of a word, so that unfolding does not tear one apart.
    cut = content.rfind("\n", FOLD_AFTER // 2, FOLD_AFTER) + 1
    cut = cut or max(content.rfind(" ", FOLD_AFTER // 2, FOLD_AFTER), 0) or FOLD_AFTER
    return TypedText(content[:cut], content[cut:], len(content), language)

"""The summaries of a conversation that comes in, checked against its messages. Pure."""

from collections.abc import Sequence

from appliance.conversations.accepting import check_text
from appliance.conversations.conversation import Message, Summary
from appliance.errors import ImportRefused
from appliance.portable.document import KeptSummary
from appliance.sentences import say

MOST_SUMMARIES = 1_000
MOST_ABOVE = 2_000_000
"""Messages from the root to the last one of each summary, all together: the store keeps a list of
them with every summary."""


def summaries_of(kept: Sequence[KeptSummary], messages: Sequence[Message]) -> tuple[Summary, ...]:
    """`messages` are the whole conversation, parents first. Raises ImportRefused, InvalidInput."""
    if len({each.summary_id for each in kept}) < len(kept):
        raise ImportRefused(say("Two of its summaries have the same id."))
    said = {each.message_id: each for each in messages}
    depths: dict[str | None, int] = {None: 0}
    for each in messages:
        depths[each.message_id] = depths[each.parent_id] + 1
    above = sum(depths.get(each.last_message_id, 0) for each in kept)
    if len(kept) > MOST_SUMMARIES or above > MOST_ABOVE:
        raise ImportRefused(say("It has more summaries than any conversation of this box."))
    return tuple(_summary(each, said, depths) for each in kept)


def _summary(kept: KeptSummary, said: dict[str, Message], depths: dict[str | None, int]) -> Summary:
    first, last = said.get(kept.first_message_id), said.get(kept.last_message_id)
    if first is None or last is None:
        raise ImportRefused(say("A summary is of messages that are not in the conversation."))
    message_count = depths[last.message_id] - depths[first.message_id] + 1
    found: Message = last
    for _ in range(message_count - 1):
        assert found.parent_id is not None, "the root has the least depth"
        found = said[found.parent_id]
    if found is not first:
        raise ImportRefused(say("A summary is of messages that do not follow each other."))
    check_text(kept.content)
    check_text(kept.model_sha256)
    if not kept.content.strip() and (kept.content or not kept.is_edited):
        raise ImportRefused(say("A summary has no words."))
    return Summary(
        summary_id=kept.summary_id,
        conversation_id=last.conversation_id,
        first_message_id=first.message_id,
        last_message_id=last.message_id,
        first_key=0,  # The store gives the keys.
        last_key=0,
        message_count=message_count,
        first_at=first.created_at,
        last_at=last.created_at,
        created_at=kept.created_at,
        model_sha256=kept.model_sha256,
        is_edited=kept.is_edited,
        content=kept.content,
    )

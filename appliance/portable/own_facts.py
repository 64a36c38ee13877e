"""The facts that come in with a conversation, checked against its messages. Pure.

A file may come from anybody, and a fact is told to the model in every conversation. So each one
comes in as a proposal, below what is used unasked: whoever it is about confirms it, or not.
"""

from collections.abc import Sequence

from appliance.conversations.accepting import accepted_fact
from appliance.conversations.conversation import Message, Role
from appliance.conversations.fact import MOST_FACTS, SURE_PERCENT, Fact
from appliance.errors import ImportRefused
from appliance.portable.document import KeptFact
from appliance.sentences import say


def facts_of(kept: Sequence[KeptFact], messages: Sequence[Message]) -> tuple[Fact, ...]:
    """`messages` are the whole conversation. Raises ImportRefused, InvalidInput."""
    if len({each.fact_id for each in kept}) < len(kept):
        raise ImportRefused(say("Two of its facts have the same id."))
    if len(kept) > MOST_FACTS:
        raise ImportRefused(say("It has more facts than any conversation of this box."))
    said = {each.message_id: each for each in messages}
    return tuple(_fact(each, said) for each in kept)


def _fact(kept: KeptFact, said: dict[str, Message]) -> Fact:
    message = said.get(kept.message_id)
    if message is None or message.role is not Role.USER:
        raise ImportRefused(say("A fact was said in no message of the conversation."))
    return Fact(
        fact_id=kept.fact_id,
        conversation_id=message.conversation_id,
        message_id=kept.message_id,
        topic=kept.topic,
        content=accepted_fact(kept.content),
        said_at=kept.said_at,
        confidence_percent=min(kept.confidence_percent, SURE_PERCENT - 1),
        is_edited=kept.is_edited,
        superseded_at=kept.superseded_at if kept.superseded_by else None,
        superseded_by=kept.superseded_by if kept.superseded_at is not None else None,
    )

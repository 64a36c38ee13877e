"""What the store holds, as the pieces of JSON that the file is made of. Pure."""

from collections.abc import Collection
from typing import Literal, cast

import msgspec

from appliance.conversations.conversation import Conversation, Message, Summary
from appliance.conversations.fact import Fact
from appliance.conversations.turn import Turn, TurnStatus
from appliance.portable.document import Counts, EndedTurn, KeptFact, KeptSummary, SaidMessage


def opening(conversation: Conversation) -> bytes:
    """The beginning of a conversation, as far as its lists."""
    fields = {
        "conversation_id": conversation.conversation_id,
        "title": conversation.title,
        "titled_by": conversation.titled_by.value,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "is_pinned": conversation.is_pinned,
        "is_archived": conversation.is_archived,
        "is_recalled": conversation.is_recalled,
        "folder": conversation.folder.name if conversation.folder else None,
        "leaf_id": conversation.leaf_id,
    }
    return msgspec.json.encode(fields)[:-1]


def message(said: Message) -> bytes:
    """A member of `messages`."""
    return msgspec.json.encode(
        SaidMessage(
            message_id=said.message_id,
            parent_id=said.parent_id,
            role=cast(Literal["user", "assistant"], said.role.value),
            created_at=said.created_at,
            content=said.content,
        )
    )


def turn(begun: Turn, written: Collection[str]) -> bytes:
    """A member of `turns`, as it was when the export began: a reply that came later is not among
    the messages that were `written`.
    """
    reply_id, status = begun.reply_message_id, begun.status
    if reply_id is not None and reply_id not in written:
        reply_id, status = None, TurnStatus.RUNNING
    return msgspec.json.encode(
        EndedTurn(
            turn_id=begun.turn_id,
            input_message_id=begun.input_message_id,
            reply_message_id=reply_id,
            status=status,
            created_at=begun.created_at,
            finish_reason=begun.finish_reason,  # type: ignore[arg-type]
            error=begun.error,
            checkpoint=begun.checkpoint,
            seed=begun.seed,
            model_sha256=begun.model_sha256,
            counts=msgspec.convert(begun.counts, Counts, from_attributes=True),
            sampling=dict(begun.sampling),
            prompt_record=dict(begun.prompt_record),
            attempts=begun.attempts,
        )
    )


def summary(kept: Summary) -> bytes:
    """A member of `summaries`."""
    return msgspec.json.encode(
        KeptSummary(
            summary_id=kept.summary_id,
            first_message_id=kept.first_message_id,
            last_message_id=kept.last_message_id,
            created_at=kept.created_at,
            content=kept.content,
            model_sha256=kept.model_sha256,
            is_edited=kept.is_edited,
        )
    )


def fact(kept: Fact) -> bytes:
    """A member of `facts`."""
    return msgspec.json.encode(msgspec.convert(kept, KeptFact, from_attributes=True))

"""Our own export, read back exactly."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import Any

import msgspec

from appliance.conversations.accepting import accepted_folder_name, check_text
from appliance.conversations.conversation import Conversation, Folder, Message, Role
from appliance.conversations.turn import Turn, TurnCounts, TurnStatus
from appliance.errors import ImportRefused
from appliance.portable.arriving import Arriving, check_content, check_texts, title_for
from appliance.portable.document import ConversationDocument, EndedTurn, SaidMessage
from appliance.portable.own_facts import facts_of
from appliance.portable.own_summaries import summaries_of
from appliance.portable.tree import Node, in_order
from appliance.sentences import say

MOST_RECORD_BYTES = 16 * 1024
_MOST_NUMBER = 2**53

_decoder = msgspec.json.Decoder(ConversationDocument)


def read(text: bytes | bytearray) -> Arriving:
    """Raises ImportRefused, InvalidInput, msgspec.DecodeError."""
    document = _decoder.decode(text)
    messages = _messages(document)
    said = {each.message_id: each for each in messages}
    turns = tuple(_turn(each, document.conversation_id, said) for each in document.turns)
    ids = [turn.turn_id for turn in turns]
    if len(set(ids)) < len(ids):
        raise ImportRefused(say("Two of its turns have the same id."))
    leaf_id = document.leaf_id if document.leaf_id in said else next(reversed(said), None)
    conversation = Conversation(
        document.conversation_id,
        document.title if document.title.strip() else title_for("", messages),
        document.created_at,
        document.updated_at,
        leaf_id,
        is_pinned=document.is_pinned and not document.is_archived,
        is_archived=document.is_archived,
        is_recalled=document.is_recalled,
        folder=_folder(document.folder),
        titled_by=document.titled_by,
    )
    check_texts(conversation, messages)
    summaries = summaries_of(document.summaries, messages)
    facts = facts_of(document.facts, messages)
    return Arriving(conversation, messages, turns, summaries, facts)


def _folder(name: str | None) -> Folder | None:
    """By its name alone: which one that is, or whether it is a new one, the store knows."""
    return None if name is None else Folder("", accepted_folder_name(name))


def _messages(document: ConversationDocument) -> tuple[Message, ...]:
    """As they stand in the file, unless somebody changed their order."""
    nodes = {
        each.message_id: Node(each.parent_id, place, _message(each, document.conversation_id))
        for place, each in enumerate(document.messages)
    }
    if len(nodes) < len(document.messages):
        raise ImportRefused(say("Two of its messages have the same id."))
    return tuple(message for message, _ in in_order(nodes))


def _message(said: SaidMessage, conversation_id: str) -> Message:
    return Message(
        message_id=said.message_id,
        conversation_id=conversation_id,
        parent_id=said.parent_id,
        role=Role(said.role),
        content=said.content,
        created_at=said.created_at,
    )


def _turn(ended: EndedTurn, conversation_id: str, said: dict[str, Message]) -> Turn:
    asked = said.get(ended.input_message_id)
    if asked is None or asked.role is not Role.USER:
        raise ImportRefused(say("A turn answers no message of the conversation."))
    reply = said.get(ended.reply_message_id) if ended.reply_message_id else None
    if ended.reply_message_id and (reply is None or reply.role is not Role.ASSISTANT):
        raise ImportRefused(say("A turn has a reply that is not in the conversation."))
    check_content(ended.checkpoint, is_reply=True)
    check_text(ended.error or "")
    _check_record(ended.prompt_record)
    _check_record(ended.sampling)
    turn = Turn(
        turn_id=ended.turn_id,
        conversation_id=conversation_id,
        input_message_id=ended.input_message_id,
        reply_message_id=ended.reply_message_id,
        status=ended.status,
        created_at=ended.created_at,
        checkpoint=ended.checkpoint,
        finish_reason=ended.finish_reason,
        error=ended.error,
        seed=ended.seed,
        sampling=ended.sampling,
        model_sha256=ended.model_sha256,
        prompt_record=ended.prompt_record,
        counts=TurnCounts(**msgspec.structs.asdict(ended.counts)),
        attempts=ended.attempts,
    )
    if turn.status.is_final:
        return turn
    # It was being written when it was exported; nobody writes it here.
    return replace(turn, status=TurnStatus.CANCELLED, finish_reason="cancelled")


def _check_record(record: dict[str, Any]) -> None:
    """What the page reads of it is what it expects: counts are numbers, and none is endless."""
    if len(msgspec.json.encode(record)) > MOST_RECORD_BYTES:
        raise ImportRefused(say("The record of a turn is longer than any that this box writes."))
    for name, value in record.items():
        is_count = name.endswith(("_tokens", "_messages"))
        counts = value if name == "message_tokens" and isinstance(value, list) else [value]
        if is_count and not all(type(count) is int for count in counts):
            raise ImportRefused(say("The record of a turn has a count that is no number."))
    if any(abs(each) > _MOST_NUMBER for each in _numbers(record)):
        raise ImportRefused(say("The record of a turn has a number that is no count."))


def _numbers(value: Any) -> Iterable[float]:
    # Not deeper than the text that it was read from, which is bounded.
    match value:
        case bool() | str() | None:
            return ()
        case dict():
            return chain.from_iterable(map(_numbers, value.values()))
        case list():
            return chain.from_iterable(map(_numbers, value))
        case _:
            return (value,)

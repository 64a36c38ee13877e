"""What the model saw of a turn, in the words of the page."""

from collections.abc import Iterator, Mapping

from appliance.conversations.conversation import Role
from appliance.conversations.prompt_parts import PartKind, PromptPart, number
from appliance.conversations.seen_prompt import SeenPrompt
from appliance.conversations.turn import Turn
from appliance.prompting.pieces import DocumentPiece, MessagePiece
from appliance.routes.recalled_views import message_url, passage_url
from appliance.routes.seen_data import FactGroup, PartView, SeenView
from appliance.routes.turn_facts import (
    NOT_RECORDED,
    cost_facts,
    model_facts,
    sampling_facts,
    time_facts,
)
from appliance.sentences import number as shown
from appliance.sentences import say, say_counted

_WHO = {
    PartKind.SYSTEM: say("System text"),
    PartKind.DROPPED: say("Left out"),
    PartKind.SUMMARY: say("Summary"),
    PartKind.RECALLED: say("Recalled"),
    PartKind.EARLIER_RECALLED: say("Recalled before"),
    PartKind.FACTS: say("About you"),
    PartKind.GONE: say("Deleted since"),
    PartKind.UNSURE: say("Before it"),
    PartKind.EARLIER: say("Before them"),
    PartKind.REPLY_SO_FAR: say("Reply"),
}
_UNSIZED = (PartKind.DROPPED, PartKind.GONE, PartKind.UNSURE, PartKind.EARLIER)
_SPEAKERS = {Role.USER: say("You"), Role.ASSISTANT: say("Reply"), Role.SYSTEM: say("System")}
NO_PROMPT = say("This turn ended before its prompt was put together.")
STILL_WRITING = say("This reply is still being written; times and counts come at its end.")


def seen_view(seen: SeenPrompt) -> SeenView:
    """Everything there is to say about it."""
    turn = seen.turn
    groups = (
        FactGroup(say("Tokens"), tuple(cost_facts(turn))),
        FactGroup(say("Time"), tuple(time_facts(turn))),
        FactGroup(say("Model"), tuple(model_facts(turn))),
        FactGroup(say("Sampling"), tuple(sampling_facts(turn))),
    )
    return SeenView(
        turn_id=turn.turn_id,
        asked=seen.asked,
        note=_note(turn),
        parts=tuple(_part_views(seen)),
        groups=groups,
        can_replay=turn.status.is_final and turn.reply_message_id is not None,
    )


def _note(turn: Turn) -> str:
    if not turn.status.is_final:
        return STILL_WRITING
    return "" if turn.prompt_record else NO_PROMPT


def _part_views(seen: SeenPrompt) -> Iterator[PartView]:
    for part in seen.parts:
        if part.kind is PartKind.MESSAGE:
            who = _SPEAKERS[part.role or Role.USER]
            yield PartView(who, part.words, True, _tokens_words(part.tokens))
        else:
            is_quote = bool(part.words)
            words = part.words or _words(part, seen.turn.prompt_record)
            yield PartView(_WHO[part.kind], words, is_quote, _part_tokens(part), _url(part))


def _part_tokens(part: PromptPart) -> str:
    """What was not in the prompt has none, nor has what is told together."""
    return "" if part.kind in _UNSIZED else _tokens_words(part.tokens)


def _url(part: PromptPart) -> str:
    """Where it can be read: what was recalled, and what is remembered of the person."""
    match part.kind, part.piece:
        case PartKind.FACTS, _:
            return "/account/facts"
        case _, MessagePiece() as piece if part.words:
            return message_url(piece.conversation_id, piece.message_id)
        case _, DocumentPiece() as piece:
            return passage_url(piece.document_id, piece.passage)
        case _:
            return ""


def _words(part: PromptPart, record: Mapping[str, object]) -> str:
    match part.kind:
        case PartKind.SYSTEM:
            return say("Not the one of today.") if "system_digest" in record else NOT_RECORDED
        case PartKind.DROPPED:
            return _dropped_words(part.messages, number(record, "context_tokens"))
        case PartKind.SUMMARY if part.messages:
            return say_counted(
                "Of %(num)s message, in short.", "Of %(num)s messages, in short.", part.messages
            )
        case PartKind.SUMMARY:
            return say("What was said, in short.")
        case PartKind.RECALLED if isinstance(part.piece, MessagePiece):
            return say("Deleted since, or left out of recall.")
        case PartKind.RECALLED if part.piece is not None:
            return say("From a document.")
        case PartKind.RECALLED:
            return say("From other conversations.")
        case PartKind.EARLIER_RECALLED:
            return say("It stays with the messages that it was recalled for.")
        case PartKind.FACTS:
            return say_counted("%(num)s fact.", "%(num)s facts.", part.messages)
        case PartKind.GONE:
            return say_counted("%(num)s message.", "%(num)s messages.", part.messages)
        case PartKind.UNSURE:
            return say_counted(
                "%(num)s message, of which some were deleted since.",
                "%(num)s messages, of which some were deleted since.",
                part.messages,
            )
        case PartKind.EARLIER:
            return say_counted("%(num)s message more.", "%(num)s messages more.", part.messages)
        case _:
            return say("As far as it had come before a stop; it went on from there.")


def _dropped_words(messages: int, context: int | None) -> str:
    if not context:
        return say_counted(
            "The oldest %(num)s message: with the reply they no longer fit.",
            "The oldest %(num)s messages: with the reply they no longer fit.",
            messages,
        )
    return say_counted(
        "The oldest %(num)s message: with the reply they no longer fit into %(context)s tokens.",
        "The oldest %(num)s messages: with the reply they no longer fit into %(context)s tokens.",
        messages,
        context=context,
    )


def _tokens_words(tokens: int | None) -> str:
    return NOT_RECORDED if tokens is None else shown(tokens)

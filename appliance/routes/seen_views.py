"""What the model saw of a turn, in the words of the page."""

from collections.abc import Iterator, Mapping

from appliance.conversations.conversation import Role, Turn
from appliance.conversations.prompt_parts import PartKind, PromptPart, number
from appliance.conversations.seen_prompt import SeenPrompt
from appliance.routes.seen_data import FactGroup, PartView, SeenView
from appliance.routes.turn_facts import (
    NOT_RECORDED,
    cost_facts,
    model_facts,
    sampling_facts,
    time_facts,
)

_WHO = {
    PartKind.SYSTEM: "System text",
    PartKind.DROPPED: "Left out",
    PartKind.SUMMARY: "Summary",
    PartKind.RECALLED: "Recalled",
    PartKind.GONE: "Deleted since",
    PartKind.UNSURE: "Before it",
    PartKind.EARLIER: "Before them",
    PartKind.REPLY_SO_FAR: "Reply",
}
_UNSIZED = (PartKind.DROPPED, PartKind.GONE, PartKind.UNSURE, PartKind.EARLIER)
_SPEAKERS = {Role.USER: "You", Role.ASSISTANT: "Reply", Role.SYSTEM: "System"}
NO_PROMPT = "This turn ended before its prompt was put together."
STILL_WRITING = "This reply is still being written; times and counts come at its end."


def seen_view(seen: SeenPrompt) -> SeenView:
    """Everything there is to say about it."""
    turn = seen.turn
    groups = (
        FactGroup("Tokens", tuple(cost_facts(turn))),
        FactGroup("Time", tuple(time_facts(turn))),
        FactGroup("Model", tuple(model_facts(turn))),
        FactGroup("Sampling", tuple(sampling_facts(turn))),
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
            yield PartView(_WHO[part.kind], words, is_quote, _part_tokens(part))


def _part_tokens(part: PromptPart) -> str:
    """What was not in the prompt has none, nor has what is told together."""
    return "" if part.kind in _UNSIZED else _tokens_words(part.tokens)


def _words(part: PromptPart, record: Mapping[str, object]) -> str:
    messages = "1 message" if part.messages == 1 else f"{part.messages:,} messages"
    match part.kind:
        case PartKind.SYSTEM:
            return "Not the one of today." if "system_digest" in record else NOT_RECORDED
        case PartKind.DROPPED:
            context = number(record, "context_tokens")
            room = f" into {context:,} tokens" if context else ""
            return f"The oldest {messages}: with the reply they no longer fit{room}."
        case PartKind.SUMMARY:
            return f"Of {messages}, in short." if part.messages else "What was said, in short."
        case PartKind.RECALLED:
            return "From other conversations."
        case PartKind.GONE:
            return f"{messages}."
        case PartKind.UNSURE:
            return f"{messages}, of which some were deleted since."
        case PartKind.EARLIER:
            return f"{messages} more."
        case _:
            return "As far as it had come before a stop; it went on from there."


def _tokens_words(tokens: int | None) -> str:
    return NOT_RECORDED if tokens is None else f"{tokens:,}"

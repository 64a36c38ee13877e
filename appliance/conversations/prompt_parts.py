"""The parts of a prompt in their order, from the record that was made of it. Pure.

The record holds numbers and ids; the words are those of the messages as they are stored now. What
an older version did not write down is None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from appliance.conversations.accepting import title_of
from appliance.conversations.conversation import Message, Role
from appliance.prompting.pieces import Piece, facts_in, pieces_in

MOST_LISTED = 100
"""Messages shown one by one, the newest; those before them are told in one line."""

Record = Mapping[str, object]


class PartKind(StrEnum):
    """What a stretch of a prompt is."""

    SYSTEM = "system"
    DROPPED = "dropped"
    """Messages that the model did not see."""
    SUMMARY = "summary"
    RECALLED = "recalled"
    EARLIER_RECALLED = "earlier_recalled"
    """What was recalled for messages before, and is still with them."""
    FACTS = "facts"
    """What the person has said of themselves."""
    GONE = "gone"
    """Messages that were deleted since."""
    UNSURE = "unsure"
    """Messages among which some were deleted since, and nobody can say any more which."""
    EARLIER = "earlier"
    """Messages that are too many to be listed."""
    MESSAGE = "message"
    REPLY_SO_FAR = "reply_so_far"


@dataclass(frozen=True, slots=True)
class PromptPart:
    """`tokens` is about how many it has, None when that was not recorded; `words` how it begins.

    It stands for so many `messages`, where it is of messages, or so many facts.
    """

    kind: PartKind
    tokens: int | None = None
    words: str = ""
    role: Role | None = None
    messages: int = 0
    piece: Piece | None = None
    """Where it stands, of what was recalled."""


def prompt_parts(
    record: Record, branch: Sequence[Message], system_words: str
) -> tuple[PromptPart, ...]:
    """None for a turn that ended before it had a prompt.

    `branch` ends in the message that was answered, and has at least as many messages as the window
    had then, or all there are.
    """
    if not record:
        return ()
    return (
        PromptPart(PartKind.SYSTEM, number(record, "system_tokens"), system_words),
        *_counted(PartKind.DROPPED, number(record, "dropped_messages")),
        *_sized(
            PartKind.SUMMARY,
            number(record, "summary_tokens"),
            number(record, "summary_messages"),
        ),
        *_sized(PartKind.EARLIER_RECALLED, number(record, "earlier_recalled_tokens")),
        *_before_last(_window(record, branch), _material(record)),
        *_sized(PartKind.REPLY_SO_FAR, number(record, "continued_tokens")),
    )


def number(record: Record, name: str) -> int | None:
    """An integer of the record; None when there is none."""
    value = record.get(name)
    return value if type(value) is int else None


def first_words(content: str) -> str:
    """How a text begins."""
    return title_of(content) if content.strip() else "…"


def _window(record: Record, branch: Sequence[Message]) -> list[PromptPart]:
    if (kept := number(record, "window_messages")) is None:
        return []
    if (first := _index_of_first(record, branch)) is None:
        listed, others = branch[-1:], _counted(PartKind.UNSURE, kept - 1)
    else:
        seen = branch[first:]
        listed = seen[-MOST_LISTED:]
        others = [
            *_counted(PartKind.GONE, kept - len(seen)),
            *_counted(PartKind.EARLIER, len(seen) - len(listed)),
        ]
    # Whose number is whose is known only while none is missing.
    is_whole = all(part.kind is PartKind.EARLIER for part in others)
    sizes = _newest_sizes(record, len(listed)) if is_whole else [None] * len(listed)
    messages = zip(listed, sizes, strict=True)
    return others + [
        PromptPart(PartKind.MESSAGE, size, first_words(each.content), each.role, 1)
        for each, size in messages
    ]


def _material(record: Record) -> list[PromptPart]:
    """What stands before the words of the last message, each source by itself."""
    facts = len(facts_in(record))
    pieces = pieces_in(record)
    return [
        *_sized(PartKind.FACTS, number(record, "facts_tokens"), facts),
        *(PromptPart(PartKind.RECALLED, each.tokens, piece=each) for each in pieces),
        *([] if pieces else _sized(PartKind.RECALLED, number(record, "recalled_tokens"))),
    ]


def _before_last(parts: list[PromptPart], more: list[PromptPart]) -> list[PromptPart]:
    return [*parts[:-1], *more, *parts[-1:]]


def _index_of_first(record: Record, branch: Sequence[Message]) -> int | None:
    """Where the window began; None when that message was deleted and others stand before it."""
    ids = [message.message_id for message in branch]
    if (first := record.get("first_message_id")) in ids:
        return ids.index(first)
    return None if number(record, "dropped_messages") else 0


def _newest_sizes(record: Record, count: int) -> list[int | None]:
    recorded = record.get("message_tokens")
    sizes = [size for size in recorded if type(size) is int] if isinstance(recorded, list) else []
    known: list[int | None] = [*sizes[-count:]]
    return [None] * (count - len(known)) + known


def _counted(kind: PartKind, messages: int | None) -> list[PromptPart]:
    return [PromptPart(kind, messages=messages)] if messages else []


def _sized(kind: PartKind, tokens: int | None, messages: int | None = None) -> list[PromptPart]:
    return [PromptPart(kind, tokens, messages=messages or 0)] if tokens else []

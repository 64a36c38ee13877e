"""Splits a model's context between what it reads and what it writes. Pure arithmetic, in tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

ContextFull = Literal["shift", "stop"]
"""What happens when a conversation fills the context: its oldest messages go, or it ends."""

# What a chat template puts around one message; the exact number is counted after rendering.
MESSAGE_OVERHEAD_TOKENS = 8
_LEAST_REPLY_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Budget:
    """`prompt_tokens` may be read; `reply_tokens` at least are then left to write."""

    prompt_tokens: int
    reply_tokens: int


def split_context(
    context_tokens: int, reply_limit_tokens: int, context_full: ContextFull = "shift"
) -> Budget:
    """A quarter of the context at most is kept for the reply; the rest is for the prompt.

    A conversation that ends where the context ends may use it up, but for a few sentences.
    """
    reply_tokens = _LEAST_REPLY_TOKENS
    if context_full == "shift":
        reply_tokens = max(reply_tokens, min(reply_limit_tokens, context_tokens // 4))
    return Budget(max(1, context_tokens - reply_tokens - 1), reply_tokens)


def first_kept(
    message_tokens: Sequence[int],
    prompt_tokens: int,
    may_begin: Sequence[bool] | None = None,
    earlier: int = 0,
) -> int:
    """Index of the oldest message that is kept. The newest one always is.

    `may_begin` says before which messages a prompt may begin, `earlier` how many messages of the
    branch stand before the first one given. What does not fit goes in strides of up to a quarter of
    the budget rather than message by message: the beginning of the prompt then stays the same for
    many turns, and with it the KV cache that holds it. Nothing has to be remembered for that: of
    the places that would do, the one is taken whose number, counted from the root, is divisible by
    the highest power of two.
    """
    last = len(message_tokens) - 1
    oldest = _oldest_that_fits(message_tokens, prompt_tokens)
    if last < 1 or oldest == earlier == 0:
        return 0
    spare, places = prompt_tokens // 4, []
    for index in range(oldest, last):
        if may_begin is None or may_begin[index]:
            places.append(index)
        spare -= message_tokens[index]
        if spare < 0 and places:
            break
    return max(places or [last], key=lambda index: _power_of_two(earlier + index))


def _oldest_that_fits(message_tokens: Sequence[int], prompt_tokens: int) -> int:
    last = len(message_tokens) - 1
    left = prompt_tokens
    for index in range(last, -1, -1):
        left -= message_tokens[index]
        if left < 0:
            return min(index + 1, last)
    return 0


def _power_of_two(number: int) -> int:
    """The highest one that divides it."""
    return number & -number


@dataclass(frozen=True, slots=True)
class MaterialBudget:
    """Most tokens of what is recalled for one message, and of facts about the person."""

    recalled_tokens: int
    facts_tokens: int


def split_material(context_tokens: int, free_tokens: int) -> MaterialBudget:
    """What is recalled has a sixteenth of the context at most, and facts half as much; together no
    more than a quarter of what the message leaves free. A small model loses its thread in more.
    """
    most = max(0, free_tokens) // 4
    facts_tokens = min(256, context_tokens // 32, most // 3)
    return MaterialBudget(min(512, context_tokens // 16, most - facts_tokens), facts_tokens)

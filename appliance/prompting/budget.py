"""Splits a model's context between what it reads and what it writes. Pure arithmetic, in tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

# What a chat template puts around one message; the exact number is counted after rendering.
MESSAGE_OVERHEAD_TOKENS = 8
_LEAST_REPLY_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Budget:
    """`prompt_tokens` may be read, then up to `reply_tokens` written."""

    prompt_tokens: int
    reply_tokens: int


def split_context(context_tokens: int, reply_limit_tokens: int) -> Budget:
    """A quarter of the context at most is kept for the reply; the rest is for the prompt."""
    reply_tokens = max(_LEAST_REPLY_TOKENS, min(reply_limit_tokens, context_tokens // 4))
    return Budget(max(1, context_tokens - reply_tokens - 1), reply_tokens)


def first_kept(message_tokens: Sequence[int], prompt_tokens: int) -> int:
    """Index of the oldest message that fits. The newest message is always kept.

    What does not fit goes in strides of a quarter of the budget rather than message by message: the
    beginning of the prompt then stays the same for many turns, and with it the KV cache that holds
    it.
    """
    excess = sum(message_tokens) - prompt_tokens
    if excess <= 0:
        return 0
    stride = max(1, prompt_tokens // 4)
    to_drop = -(-excess // stride) * stride
    dropped = 0
    for index, tokens in enumerate(message_tokens[:-1]):
        if dropped >= to_drop:
            return index
        dropped += tokens
    return max(0, len(message_tokens) - 1)

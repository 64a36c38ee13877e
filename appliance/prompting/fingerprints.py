"""What a prompt leaves in its record beside its counts: enough to know it again, and not a word."""

from array import array
from collections.abc import Sequence, Sized
from hashlib import blake2b

MOST_COUNTED = 100
"""Of so many messages, the newest, the record says how long each was: it stays small."""


def fingerprints(
    system_prompt: str, tokens: Sized, prompt_tokens: int, message_tokens: Sequence[int]
) -> dict[str, object]:
    """For the record of a prompt whose first `prompt_tokens` are not the reply's own.

    What another machine reads is no list of tokens, and has no digest.
    """
    marks: dict[str, object] = {
        "system_digest": text_digest(system_prompt),
        "message_tokens": list(message_tokens[-MOST_COUNTED:]),
    }
    if isinstance(tokens, list):
        packed = array("i", tokens[:prompt_tokens]).tobytes()
        marks["prompt_digest"] = blake2b(packed, digest_size=16).hexdigest()
    return marks


def text_digest(text: str) -> str:
    """Tells two texts apart; what they say cannot be read from it."""
    return blake2b(text.encode(), digest_size=16).hexdigest()

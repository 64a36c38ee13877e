"""What prompting asks of a model: how long a text is to it, and a prompt in its form."""

from collections.abc import Sequence, Sized
from typing import Any, Protocol


class Tokenizer(Protocol):
    """The model's eyes. A prompt is what its engine wants; its length is in tokens."""

    @property
    def context_tokens(self) -> int: ...

    def count(self, text: str) -> int: ...

    def continued(self, messages: Sequence[tuple[str, str]], reply_so_far: str) -> Sized: ...

    # Positional, because what a prompt is made of is between a tokenizer and its engine.
    def shared_with(self, tokens: Any, system_prompt: str, /) -> int:
        """How many leading tokens a conversation has from its system text alone."""
        ...

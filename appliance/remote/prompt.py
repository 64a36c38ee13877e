"""What goes to the other machine instead of token ids."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemotePrompt:
    """(role, content) pairs, and the beginning of the reply when one goes on.

    Its length is in tokens, the reply's beginning included; an estimate errs on the long side.
    """

    messages: tuple[tuple[str, str], ...]
    reply_so_far: str
    tokens: int
    is_estimate: bool

    def __len__(self) -> int:
        return self.tokens

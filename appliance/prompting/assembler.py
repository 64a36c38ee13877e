"""What the model shall see: system text and the window of recent messages, and the record of both.

A prompt is never cut silently: what was left out stands in the record, which is stored with the
turn.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any, Protocol

from appliance.conversations.conversation import Message, Person, Role, Turn
from appliance.errors import PromptTooLong
from appliance.prompting.budget import (
    MESSAGE_OVERHEAD_TOKENS,
    Budget,
    first_kept,
    split_context,
)


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


class CountsAhead(Protocol):
    """A tokenizer on another machine is asked ahead, because `fit` does not wait."""

    async def count_ahead(self, texts: Iterable[str]) -> None:
        """Have these counted; what cannot be is estimated later. Raises EngineUnavailable."""

    def record_of(self, tokens: Any) -> Mapping[str, object]:
        """What the record of this prompt shall say of its counts."""
        ...


LoadWindow = Callable[[Person, str, str], Awaitable[Sequence[Message]]]
"""(person, conversation_id, leaf message_id) -> messages of the branch, oldest first."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the engine reads (token ids, for the one in this process), how long the reply may get,
    and what the tokens hold.

    The first `public_tokens` are the box's own words (the system text), the same for everybody.
    """

    tokens: Sized
    public_tokens: int
    reply_tokens: int
    record: dict[str, object]


class Assembler:
    """Makes the prompt of a turn."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        load_window: LoadWindow,
        *,
        system_prompt: str,
        reply_limit_tokens: int,
        ahead: CountsAhead | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._load_window = load_window
        self._system_prompt = system_prompt
        self._reply_limit_tokens = reply_limit_tokens
        self._ahead = ahead

    async def assemble(self, person: Person, turn: Turn, reply_so_far: str = "") -> Prompt:
        """The prompt for a turn's input message. Raises EngineUnavailable, PromptTooLong."""
        window = await self._load_window(person, turn.conversation_id, turn.input_message_id)
        pairs = [content for _, content in self._pairs(window)]
        await self.count_ahead((reply_so_far, *pairs, *(m.content for m in window)))
        return self.fit(window, reply_so_far)

    async def count_ahead(self, texts: Iterable[str]) -> None:
        """Have texts counted by a machine that is elsewhere; nothing to do for a model in this box.

        Raises EngineUnavailable.
        """
        if self._ahead is not None:
            await self._ahead.count_ahead((self._system_prompt, *texts))

    def check(self, content: str) -> None:
        """Raises PromptTooLong when a message could not even be read alone."""
        budget = self._budget()
        system_tokens = self._tokenizer.count(self._system_prompt)
        tokens = self._tokenizer.count(content) + system_tokens + 2 * MESSAGE_OVERHEAD_TOKENS
        if tokens > budget.prompt_tokens:
            raise PromptTooLong(
                f"This message has about {tokens} tokens, and the model can read "
                f"{budget.prompt_tokens} at once. Shorten it or send it in parts."
            )

    def fit(self, window: Sequence[Message], reply_so_far: str) -> Prompt:
        """As many of the newest messages as the context holds. Raises PromptTooLong."""
        budget = self._budget()
        sizes = [self._tokenizer.count(m.content) + MESSAGE_OVERHEAD_TOKENS for m in window]
        system_tokens = self._tokenizer.count(self._system_prompt) + MESSAGE_OVERHEAD_TOKENS
        first = first_kept(sizes, budget.prompt_tokens - system_tokens)
        while True:
            kept = window[first:]
            tokens = self._tokenizer.continued(self._pairs(kept), reply_so_far)
            read_tokens = len(tokens) if not reply_so_far else sum(sizes[first:]) + system_tokens
            if read_tokens <= budget.prompt_tokens:
                break
            if len(kept) == 1:
                raise PromptTooLong(
                    f"This message has {read_tokens} tokens, and the model can read "
                    f"{budget.prompt_tokens} at once. Shorten it or send it in parts."
                )
            first += 1
        public_tokens = self._tokenizer.shared_with(tokens, self._system_prompt)
        left = max(1, self._tokenizer.context_tokens - len(tokens) - 1)
        record: dict[str, object] = {
            "system_tokens": system_tokens,
            "window_messages": len(kept),
            "window_tokens": len(tokens) - system_tokens,
            "first_message_id": kept[0].message_id if kept else None,
            "dropped_messages": first,
            "public_tokens": public_tokens,
        }
        if self._ahead is not None:
            record |= self._ahead.record_of(tokens)
        return Prompt(tokens, public_tokens, min(budget.reply_tokens, left), record)

    def _budget(self) -> Budget:
        return split_context(self._tokenizer.context_tokens, self._reply_limit_tokens)

    def _pairs(self, messages: Sequence[Message]) -> list[tuple[str, str]]:
        """(role, content) pairs.

        Templates want users and assistants to take turns, so a message that never got its reply is
        joined with the one after it.
        """
        pairs: list[tuple[str, str]] = []
        if self._system_prompt:
            pairs.append((Role.SYSTEM, self._system_prompt))
        for message in messages:
            if pairs and pairs[-1][0] == message.role:
                pairs[-1] = (message.role, f"{pairs[-1][1]}\n\n{message.content}")
            else:
                pairs.append((message.role, message.content))
        return pairs

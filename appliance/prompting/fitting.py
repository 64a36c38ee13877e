"""Which messages of a conversation the model reads: the newest that fit, or all or none."""

from collections.abc import Sequence, Sized
from typing import Any, Protocol

from appliance.conversations.conversation import Message, Role
from appliance.errors import ConversationFull, PromptTooLong
from appliance.prompting.budget import (
    MESSAGE_OVERHEAD_TOKENS,
    Budget,
    ContextFull,
    first_kept,
    split_context,
)
from appliance.prompting.window import Window

# A token is seldom longer; it is of no consequence where it is.
_MOST_CHARS_A_TOKEN = 8
_FULL = (
    "This conversation is full: the model cannot read all of it and this message at once. Begin a "
    "new conversation, or shorten the message."
)
_NO_ROOM_TO_GO_ON = (
    "There is no room left to continue this reply: the model cannot hold it and what it answers "
    "at once. Ask for the rest in a new message."
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


Fitted = tuple[Sequence[Message], Sized, Sequence[int]]
"""The messages that are kept, the tokens of the whole prompt, and about how many each has."""


class Fitter:
    """Only whole messages are left out, and never the system text or the newest message."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        system_prompt: str,
        reply_limit_tokens: int,
        context_full: ContextFull,
    ) -> None:
        self._tokenizer = tokenizer
        self._system_prompt = system_prompt
        self._reply_limit_tokens = reply_limit_tokens
        self._context_full = context_full

    @property
    def budget(self) -> Budget:
        return split_context(
            self._tokenizer.context_tokens, self._reply_limit_tokens, self._context_full
        )

    @property
    def system_tokens(self) -> int:
        """About how many tokens the system text has."""
        return self._tokenizer.count(self._system_prompt) + MESSAGE_OVERHEAD_TOKENS

    def check(self, content: str) -> None:
        """Raises PromptTooLong when a message could not even be read alone."""
        tokens = self._tokenizer.count(content) + self.system_tokens + MESSAGE_OVERHEAD_TOKENS
        if tokens > self.budget.prompt_tokens:
            raise _too_long(tokens, self.budget)

    def overflows(self, messages: Sequence[Message]) -> bool:
        """Whether some of them have to be left out."""
        return len(self._sizes(messages, self._room)) < len(messages)

    def newest(self, window: Window, reply_so_far: str, written: int, before: int = 0) -> Fitted:
        """As many of the newest messages as there is room for. Raises PromptTooLong, and
        ConversationFull when it is a reply that leaves too little.

        `reply_so_far` has `written` tokens, and its room is not the messages'; but for the first
        `before` of them, which stood there before this turn.
        """
        most = self.budget.prompt_tokens - before
        room = most - self.system_tokens
        sizes = self._sizes(window.messages, room)
        uncounted = len(window.messages) - len(sizes)
        messages = window.messages[uncounted:]
        # A prompt begins with a person's message: many templates have no place for another.
        begins = [message.role is Role.USER for message in messages]
        while True:
            first = first_kept(sizes, room, begins, window.earlier + uncounted)
            tokens = self._tokenizer.continued(self._pairs(messages[first:]), reply_so_far)
            read = len(tokens) - written
            if read <= most:
                return messages[first:], tokens, sizes[first:]
            if first >= len(messages) - 1:
                raise (
                    ConversationFull(_NO_ROOM_TO_GO_ON) if before else _too_long(read, self.budget)
                )
            # The template puts more around the messages than was reckoned with.
            room = sum(sizes[first:]) * most // read

    def all(self, window: Window, reply_so_far: str, written: int, before: int = 0) -> Fitted:
        """Every message. Raises ConversationFull, PromptTooLong."""
        if window.earlier:
            raise ConversationFull(_FULL)
        tokens = self._tokenizer.continued(self._pairs(window.messages), reply_so_far)
        read = len(tokens) - written
        if read > self.budget.prompt_tokens - before:
            if before:
                raise ConversationFull(_NO_ROOM_TO_GO_ON)
            if len(window.messages) == 1:
                raise _too_long(read, self.budget)
            raise ConversationFull(_FULL)
        return window.messages, tokens, self._sizes(window.messages, self.budget.prompt_tokens)

    @property
    def _room(self) -> int:
        return self.budget.prompt_tokens - self.system_tokens

    def _sizes(self, messages: Sequence[Message], room: int) -> list[int]:
        """About how many tokens each of the newest messages has, up to the first that does not fit
        into `room`: nobody asks for more, and a long conversation costs no more than a short one.
        """
        sizes: list[int] = []
        for message in reversed(messages):
            sizes.append(self._tokenizer.count(message.content) + MESSAGE_OVERHEAD_TOKENS)
            room -= sizes[-1]
            if room < 0:
                break
        return sizes[::-1]

    def texts_to_count(self, messages: Sequence[Message]) -> list[str]:
        """What fitting them will ask the size of: the newest, as far as there may be room."""
        chars_left = _MOST_CHARS_A_TOKEN * self.budget.prompt_tokens
        newest: list[Message] = []
        for message in reversed(messages):
            newest.insert(0, message)
            chars_left -= len(message.content)
            if chars_left < 0:
                break
        joined = [content for _, content in self._pairs(newest)]
        return [self._system_prompt, *joined, *(message.content for message in newest)]

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


def _too_long(tokens: int, budget: Budget) -> PromptTooLong:
    return PromptTooLong(
        f"This message has {tokens} tokens, and the model can read {budget.prompt_tokens} at once. "
        "Shorten it or send it in parts."
    )

"""Which messages of a conversation the model reads: the newest that fit, or all or none."""

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import NamedTuple

from appliance.conversations.conversation import Message, Role, Summary
from appliance.errors import ConversationFull, PromptTooLong
from appliance.prompting.budget import (
    MESSAGE_OVERHEAD_TOKENS,
    Budget,
    ContextFull,
    split_context,
)
from appliance.prompting.summary import (
    Offer,
    beginning,
    due,
    newest_chain,
    offers_of,
    start_after,
    told,
    with_words,
)
from appliance.prompting.tokenizer import Tokenizer
from appliance.prompting.window import Window
from appliance.sentences import say

# A token is seldom longer; it is of no consequence where it is.
_MOST_CHARS_A_TOKEN = 8
# About what is said around summaries.
_HEADING_TOKENS = 32
_FULL = say(
    "This conversation is full: the model cannot read all of it and this message at once. Begin a "
    "new conversation, or shorten the message."
)
_NO_ROOM_TO_GO_ON = say(
    "There is no room left to continue this reply: the model cannot hold it and what it answers "
    "at once. Ask for the rest in a new message."
)


class Fitted(NamedTuple):
    """The messages that are kept, what stands for those before, and the whole prompt's tokens."""

    messages: Sequence[Message]
    summaries: tuple[Summary, ...]
    tokens: Sized
    message_tokens: Sequence[int]
    """About how many each message has."""


@dataclass(frozen=True, slots=True)
class Due:
    """Messages that shall be summarised, and the summaries that are told before them.

    When it goes on where one of the model's own ends, the new summary `replaces` that one.
    """

    messages: Sequence[Message]
    told: tuple[Summary, ...]
    replaces: Summary | None


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

    def check_summary(self, content: str) -> None:
        """Raises PromptTooLong when it would leave messages less than half of the room.

        EngineUnavailable while it cannot be counted.
        """
        tokens, most = self._tokenizer.count(content), self._room // 2 - _HEADING_TOKENS
        if tokens > most:
            raise PromptTooLong(
                say(
                    "This summary has %(count)s tokens, and %(most)s leave the conversation enough "
                    "room. Shorten it.",
                    count=tokens,
                    most=most,
                )
            )

    def overflows(self, messages: Sequence[Message]) -> bool:
        """Whether some of them have to be left out."""
        return len(self._sizes(messages, self._room)) < len(messages)

    def fitted(
        self, window: Window, reply_so_far: str = "", written: int = 0, before: int = 0
    ) -> Fitted:
        """As many of the newest messages as there is room for, or all where none may be left out.

        Raises PromptTooLong, ConversationFull.
        """
        choose = self.newest if self._context_full == "shift" else self.all
        return choose(window, reply_so_far, written, before)

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
        begins = _begins(messages)
        offers = self._offers(window, messages)
        while True:
            begun = beginning(sizes, room, begins, window.earlier + uncounted, offers)
            kept, summaries = messages[begun.start :], begun.summaries
            tokens = self._tokenizer.continued(self._pairs(kept, summaries), reply_so_far)
            read = len(tokens) - written
            if read <= most:
                return Fitted(kept, summaries, tokens, sizes[begun.start :])
            if len(kept) <= 1 and not summaries:
                raise (
                    ConversationFull(_NO_ROOM_TO_GO_ON) if before else _too_long(read, self.budget)
                )
            # The template puts more around the messages than was reckoned with.
            counted = sum(sizes[begun.start :]) + begun.tokens
            room = counted * most // read

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
        sizes = self._sizes(window.messages, self.budget.prompt_tokens)
        return Fitted(window.messages, (), tokens, sizes)

    def exactly(self, messages: Sequence[Message], summaries: Sequence[Summary]) -> Sized:
        """The tokens of a prompt of just these."""
        return self._tokenizer.continued(self._pairs(messages, summaries), "")

    def due(self, window: Window) -> Due | None:
        """What should be summarised before it no longer fits."""
        room = self._room
        sizes = self._sizes(window.messages, room + room // 2)
        messages = window.messages[len(window.messages) - len(sizes) :]
        begins = _begins(messages)
        chain = newest_chain(window.summaries)
        start = start_after(chain[-1], messages, begins) if chain and messages else 0
        if start is None:
            return None
        before = with_words(chain)
        found = due(sizes, room, begins, start, self.told_tokens(before))
        if not found:
            return None
        replaces = None
        if chain and messages[found.start].parent_id == chain[-1].last_message_id:
            replaces = chain[-1] if chain[-1].content and not chain[-1].is_edited else None
        return Due(messages[found.start : found.stop], before, replaces)

    def told_tokens(self, summaries: Sequence[Summary]) -> int:
        """How many tokens these cost."""
        return self._tokenizer.count(told(summaries)) if summaries else 0

    @property
    def _room(self) -> int:
        return self.budget.prompt_tokens - self.system_tokens

    def _offers(self, window: Window, messages: Sequence[Message]) -> list[Offer]:
        most_tokens = self._room // 2
        begins = _begins(messages)
        return [*offers_of(window.summaries, messages, begins, self.told_tokens, most_tokens)]

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

    def texts_to_count(self, window: Window) -> list[str]:
        """What fitting it will ask the size of: the newest, as far as there may be room."""
        chars_left = _MOST_CHARS_A_TOKEN * self.budget.prompt_tokens
        newest: list[Message] = []
        for message in reversed(window.messages):
            newest.insert(0, message)
            chars_left -= len(message.content)
            if chars_left < 0:
                break
        joined = [content for _, content in self._pairs(newest)]
        for offer in self._offers(window, newest):
            joined += [
                content for _, content in self._pairs(newest[offer.start :], offer.summaries)
            ]
            joined.append(told(offer.summaries))
        return [self._system_prompt, *joined, *(message.content for message in newest)]

    def _pairs(
        self, messages: Sequence[Message], summaries: Sequence[Summary] = ()
    ) -> list[tuple[str, str]]:
        """(role, content) pairs.

        Templates want users and assistants to take turns, so a message that never got its reply is
        joined with the one after it. So are summaries: they speak for people, not for the box.
        """
        pairs: list[tuple[str, str]] = []
        if self._system_prompt:
            pairs.append((Role.SYSTEM, self._system_prompt))
        if summaries:
            pairs.append((Role.USER, told(summaries)))
        for message in messages:
            if pairs and pairs[-1][0] == message.role:
                pairs[-1] = (message.role, f"{pairs[-1][1]}\n\n{message.content}")
            else:
                pairs.append((message.role, message.content))
        return pairs


def _begins(messages: Sequence[Message]) -> list[bool]:
    """Where a prompt may begin: many templates have no place for a reply without its message."""
    return [message.role is Role.USER for message in messages]


def _too_long(tokens: int, budget: Budget) -> PromptTooLong:
    return PromptTooLong(
        say(
            "This message has %(count)s tokens, and the model can read %(most)s at once. Shorten "
            "it or send it in parts.",
            count=tokens,
            most=budget.prompt_tokens,
        )
    )

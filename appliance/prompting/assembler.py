"""What the model shall see: system text, what stands for the earlier part and the newest messages,
and the record of all three.

A prompt is never cut silently: what was left out stands in the record, which is stored with the
turn.
"""

from collections.abc import Iterable, Mapping, Sized
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, Protocol

from appliance.conversations.conversation import Message, Person, Role
from appliance.conversations.turn import Turn
from appliance.errors import ConversationFull, PromptTooLong
from appliance.prompting.budget import MESSAGE_OVERHEAD_TOKENS, ContextFull
from appliance.prompting.fingerprints import fingerprints
from appliance.prompting.fitting import Fitted, Fitter
from appliance.prompting.material import told_with
from appliance.prompting.material_choice import MaterialChoice
from appliance.prompting.material_record import material_record, tokens_by_message
from appliance.prompting.materials import Materials
from appliance.prompting.tokenizer import Tokenizer
from appliance.prompting.window import Window


class Windows(Protocol):
    """Where the messages of a branch come from; `leaf_id` is its last one."""

    async def recent(self, person: Person, conversation_id: str, leaf_id: str) -> Window:
        """The newest ones, quickly."""
        ...

    async def longer(
        self, person: Person, conversation_id: str, leaf_id: str, most_messages: int
    ) -> Window:
        """As many as are asked for."""
        ...


class CountsAhead(Protocol):
    """A tokenizer on another machine is asked ahead, because `fit` does not wait."""

    async def count_ahead(self, texts: Iterable[str]) -> None:
        """Have these counted; what cannot be is estimated later. Raises EngineUnavailable."""

    def record_of(self, tokens: Any) -> Mapping[str, object]:
        """What the record of this prompt shall say of its counts."""
        ...


# Two that begin differently: what their prompts have in common, every prompt begins with.
_ANY_TWO_MESSAGES = ("a", "?")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the engine reads (token ids, for the one in this process), how long the reply may get,
    and what the tokens hold.

    The first `public_tokens` are the box's own words (the system text), the same for everybody.
    `reply_tokens` is 0 for a reply that goes on and has come to its end already.
    """

    tokens: Sized
    public_tokens: int
    reply_tokens: int
    record: dict[str, object]


class Assembler:
    """Makes the prompt of a turn.

    `context_full` says what happens when a conversation no longer fits: with `shift` its oldest
    messages are left out, with `stop` it has come to its end.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        windows: Windows,
        *,
        system_prompt: str,
        reply_limit_tokens: int,
        context_full: ContextFull = "shift",
        ahead: CountsAhead | None = None,
        materials: Materials | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._windows = windows
        self.system_prompt = system_prompt
        self._reply_limit_tokens = reply_limit_tokens
        self._context_full = context_full
        self._ahead = ahead
        self.fitter = Fitter(tokenizer, system_prompt, reply_limit_tokens, context_full)
        self._choice = MaterialChoice(tokenizer, self.fitter, materials)

    @property
    def may_drop(self) -> bool:
        """Whether old messages make room for new ones."""
        return self._context_full == "shift"

    async def assemble(
        self, person: Person, turn: Turn, reply_so_far: str = "", reply_before: str = ""
    ) -> Prompt:
        """The prompt for a turn's input message.

        `reply_before` is what of the reply stood there before this turn, and is not this turn's to
        write. Raises EngineUnavailable, PromptTooLong, ConversationFull.
        """
        window = await self.load(person, turn.conversation_id, turn.input_message_id)
        if reply_so_far:
            await self.count_ahead(filter(None, (reply_so_far, reply_before)))
        material = await self._choice.for_turn(person, turn, window)
        if material:
            told = window.with_materials({turn.input_message_id: material})
            # A message that has room without its material is answered without it.
            with suppress(PromptTooLong, ConversationFull):
                return self.fit(await self._counted(told), reply_so_far, reply_before)
        return self.fit(window, reply_so_far, reply_before)

    async def count_ahead(self, texts: Iterable[str]) -> None:
        """Have texts counted by a machine that is elsewhere; nothing to do for a model in this box.

        Raises EngineUnavailable.
        """
        if self._ahead is not None:
            await self._ahead.count_ahead((self.system_prompt, *texts))

    def check(self, content: str) -> None:
        """Raises PromptTooLong when a message could not even be read alone.

        EngineUnavailable while it cannot be counted.
        """
        self.fitter.check(content)

    async def check_after(
        self, person: Person, conversation_id: str, leaf_id: str, content: str
    ) -> None:
        """Raises ConversationFull when a message after `leaf_id` has no place.

        EngineUnavailable while it cannot be counted.
        """
        window = await self.load(person, conversation_id, leaf_id)
        self.fit(_with(window, content))

    async def check_going_on(
        self, person: Person, conversation_id: str, question_id: str, reply: str
    ) -> None:
        """Raises ConversationFull when there is no room left to write more of a reply.

        EngineUnavailable while it cannot be counted.
        """
        window = await self.load(person, conversation_id, question_id)
        await self.count_ahead([reply])
        self.fit(window, reply, reply)

    async def ahead(
        self, person: Person, conversation_id: str | None = None, leaf_id: str | None = None
    ) -> Prompt:
        """What the next prompt will begin with, whatever the message says that comes after
        `leaf_id`, or first of all.

        Raises EngineUnavailable, PromptTooLong, ConversationFull.
        """
        window = Window(())
        if conversation_id is not None and leaf_id is not None:
            window = await self.load(person, conversation_id, leaf_id)
        facts = await self._choice.ahead(person, conversation_id, window)
        either = [told_with(facts, content) for content in _ANY_TWO_MESSAGES]
        first, other = (self.fit(_with(window, content)) for content in either)
        tokens = _common(first.tokens, other.tokens)
        public_tokens = min(len(tokens), first.public_tokens)
        return replace(first, tokens=tokens, public_tokens=public_tokens, reply_tokens=0)

    def fit(self, window: Window, reply_so_far: str = "", reply_before: str = "") -> Prompt:
        """As many of the newest messages as the context holds, or all of them.

        Raises PromptTooLong, ConversationFull.
        """
        written = self._tokenizer.count(reply_so_far) if reply_so_far else 0
        before = self._tokenizer.count(reply_before) if reply_before else 0
        fitted = self.fitter.fitted(window, reply_so_far, written, before)
        tokens = fitted.tokens
        public_tokens = self._tokenizer.shared_with(tokens, self.system_prompt)
        limit_left = self._reply_limit_tokens - (written - before)
        context_left = self._tokenizer.context_tokens - len(tokens) - 1
        reply_tokens = max(0, min(limit_left, context_left))
        bound = "context" if context_left < limit_left else "reply_limit"
        beside = tokens_by_message(window.materials, fitted.messages, self._tokenizer.count)
        sizes = [
            size - beside.get(message.message_id, 0)
            for message, size in zip(fitted.messages, fitted.message_tokens, strict=True)
        ]
        record: dict[str, object] = {
            "context_full": self._context_full,
            "context_tokens": self._tokenizer.context_tokens,
            **self._held(window, fitted, len(tokens) - written, sum(beside.values())),
            **material_record(window, beside, self._tokenizer.count),
            "public_tokens": public_tokens,
            "continued_tokens": written,
            "reply_tokens": written + reply_tokens,
            "reply_bound": bound,
            **fingerprints(self.system_prompt, tokens, len(tokens) - written, sizes),
        }
        if self._ahead is not None:
            record |= self._ahead.record_of(tokens)
        return Prompt(tokens, public_tokens, reply_tokens, record)

    def _held(
        self, window: Window, fitted: Fitted, prompt_tokens: int, material_tokens: int
    ) -> dict[str, object]:
        system_tokens = self.fitter.system_tokens
        kept, summaries = fitted.messages, fitted.summaries
        summary_tokens = self.fitter.told_tokens(summaries)
        record: dict[str, object] = {
            "system_tokens": system_tokens,
            "window_messages": len(kept),
            "window_tokens": prompt_tokens - system_tokens - summary_tokens - material_tokens,
            "first_message_id": kept[0].message_id if kept else None,
            "dropped_messages": window.earlier + len(window.messages) - len(kept),
        }
        if summaries:
            record |= {
                "summary_ids": [summary.summary_id for summary in summaries],
                "summary_tokens": summary_tokens,
                "summary_messages": sum(summary.message_count for summary in summaries),
            }
        return record

    async def load(self, person: Person, conversation_id: str, leaf_id: str) -> Window:
        """Enough messages that those left out do not fit, rather than were not looked at; each with
        the material that it was answered with.
        """
        window = await self._whole(
            person, await self._windows.recent(person, conversation_id, leaf_id)
        )
        if not window.earlier:
            return window
        most_messages = self.fitter.budget.prompt_tokens
        if self.may_drop:
            if self.fitter.overflows(window.messages):
                return window
            most_messages //= MESSAGE_OVERHEAD_TOKENS
        return await self._whole(
            person, await self._windows.longer(person, conversation_id, leaf_id, most_messages)
        )

    async def _whole(self, person: Person, window: Window) -> Window:
        return await self._counted(await self._choice.with_answered(person, window))

    async def _counted(self, window: Window) -> Window:
        if self._ahead is not None:
            await self._ahead.count_ahead(self.fitter.texts_to_count(window))
        return window


def _with(window: Window, content: str) -> Window:
    """The window with one more message of the person at its end."""
    parent_id = window.messages[-1].message_id if window.messages else None
    message = Message("", "", parent_id, Role.USER, content, 0)
    return replace(window, messages=(*window.messages, message))


def _common(first: Sized, other: Sized) -> list[int]:
    """The tokens that two prompts begin with; another machine's prompts have none that we know."""
    if not isinstance(first, list) or not isinstance(other, list):
        return []
    pairs = zip(first, other, strict=False)
    return [token for token, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]

"""A completion without a conversation: messages in, events out, nothing kept."""

from collections.abc import Callable, Mapping, Sequence, Sized
from functools import partial
from time import monotonic, time
from typing import Any, Protocol

from appliance.conversations.generation import Generation, Generations, Handling
from appliance.conversations.model_profile import ModelProfile
from appliance.engine.events import SequenceCounts
from appliance.errors import EngineUnavailable, InvalidInput, PromptTooLong, QueueFull
from appliance.prompting.assembler import CountsAhead

_TAG = "/v1"


class ChatTokens(Protocol):
    """What is asked of an engine's tokenizer."""

    @property
    def context_tokens(self) -> int: ...

    def chat_tokens(self, messages: Sequence[tuple[str, str]]) -> Sized:
        """The prompt as the engine wants it; its length is in tokens."""
        ...


class Completions:
    """For programs that keep their own conversations."""

    def __init__(
        self,
        generations: Generations,
        tokenizer: ChatTokens,
        model_profile: Callable[[], ModelProfile],
        open_limit: int,
        ahead: CountsAhead | None = None,
    ) -> None:
        self._generations = generations
        self._tokenizer = tokenizer
        self._model_profile = model_profile
        self._open_limit = open_limit
        self._ahead = ahead
        self.started_at = int(time())

    @property
    def model_name(self) -> str:
        return self._model_profile().name

    async def count_ahead(self, messages: Sequence[tuple[str, str]]) -> None:
        """Have the messages counted by a machine that is elsewhere; else nothing to do.

        Raises EngineUnavailable.
        """
        if self._ahead is not None:
            await self._ahead.count_ahead([content for _, content in messages])

    def begin(
        self, owner: str, messages: Sequence[tuple[str, str]], sampling: Mapping[str, Any]
    ) -> Generation:
        """Start a completion of which nothing is kept on disk. Raises as `prepare`."""
        return self.prepare(owner, messages, sampling, may_keep=False)()

    def prepare(
        self,
        owner: str,
        messages: Sequence[tuple[str, str]],
        sampling: Mapping[str, Any],
        *,
        may_keep: bool,
        count: Callable[[SequenceCounts], None] = lambda counts: None,
    ) -> Callable[[], Generation]:
        """Everything but the start, which is what is returned: whoever never starts it costs
        nothing.

        `sampling` overrides the model's defaults; without `max_tokens` the reply may fill the
        context. With `may_keep` its KV state may go to disk, so that the next turn of the same
        messages is quick. `count` is told what it has cost. Raises InvalidInput, GrammarRefused,
        PromptTooLong, QueueFull, EngineUnavailable; the start raises the last two.
        """
        if not messages:
            raise InvalidInput("`messages` is empty; send at least one message.")
        if self._generations.open_count >= self._open_limit:
            raise QueueFull("Too many replies are being written already. Try again in a minute.")
        self._generations.ensure_ready()
        prompt = self._tokenizer.chat_tokens(messages)
        room = self._tokenizer.context_tokens - len(prompt) - 1
        if room < 1:
            raise PromptTooLong(
                f"The messages have {len(prompt)} tokens, and this model's context is "
                f"{self._tokenizer.context_tokens}. Shorten them."
            )
        max_tokens = min(room, sampling.get("max_tokens") or room)
        params = self._model_profile().sampling_params(**{**sampling, "max_tokens": max_tokens})
        begin = partial(
            self._generations.begin,
            owner,
            prompt,
            params,
            Handling(tag=_TAG if may_keep else None, accepted_at=monotonic()),
        )
        return partial(self._start, begin, self._generations.swaps, count)

    def _start(
        self,
        begin: Callable[[], Generation],
        swaps: int,
        count: Callable[[SequenceCounts], None],
    ) -> Generation:
        self._generations.ensure_ready()
        if self._generations.swaps != swaps:
            raise EngineUnavailable("The model has just been changed. Send your messages again.")
        generation = begin()
        generation.when_ended(count)
        return generation

"""Sizes of prompts for a model elsewhere: what the assembler and the completions ask of a model."""

from collections.abc import Iterable, Sequence, Sized

from appliance.remote.prompt import RemotePrompt
from appliance.remote.server import RemoteServer
from appliance.remote.token_counts import TokenCounts
from appliance.remote.token_estimate import estimated_tokens

# What a chat template puts around each message, and before and after them all.
_MESSAGE_TOKENS = 8
_TEMPLATE_TOKENS = 32


class RemoteTokenizer:
    """Counts are the server's own where it was asked ahead (`count_ahead`), else estimates.

    Raises EngineUnavailable while the machine is away.
    """

    def __init__(self, server: RemoteServer, counts: TokenCounts) -> None:
        self._server = server
        self._counts = counts

    @property
    def context_tokens(self) -> int:
        return self._server.model.context_tokens

    async def count_ahead(self, texts: Iterable[str]) -> None:
        """Ask the server for what will be needed; bounded in time, and never raises for it."""
        await self._counts.ask(self._server.model, texts)

    def count(self, text: str) -> int:
        return self._counted(text)[0]

    def chat_tokens(self, messages: Sequence[tuple[str, str]]) -> RemotePrompt:
        """The prompt of (role, content) pairs."""
        return self.continued(messages, "")

    def continued(self, messages: Sequence[tuple[str, str]], reply_so_far: str) -> RemotePrompt:
        """The same with the beginning of the reply, for a reply that goes on."""
        texts = [content for _, content in messages]
        counted = [self._counted(text) for text in (*texts, reply_so_far)]
        tokens = sum(count for count, _ in counted) + _TEMPLATE_TOKENS
        return RemotePrompt(
            tuple((str(role), content) for role, content in messages),
            reply_so_far,
            tokens + _MESSAGE_TOKENS * len(texts),
            is_estimate=not all(is_known for _, is_known in counted),
        )

    def shared_with(self, tokens: Sized, system_prompt: str) -> int:
        """What prompts share is the other machine's business."""
        return 0

    def record_of(self, tokens: Sized) -> dict[str, object]:
        """For the record of a prompt: where it went, and whose counts these are."""
        assert isinstance(tokens, RemotePrompt)
        counted = "estimate" if tokens.is_estimate else "server"
        return {"sent_to": self._server.host, "token_counts": counted}

    def _counted(self, text: str) -> tuple[int, bool]:
        known = self._counts.known(self._server.model, text)
        return (estimated_tokens(text), False) if known is None else (known, True)

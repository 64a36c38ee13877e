"""A client of /v1/chat/completions that notes when each delta came."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from time import monotonic
from typing import Any

import httpx

from benchmark.errors import ScenarioFailed

Message = dict[str, str]


@dataclass(slots=True)
class Reply:
    """A reply as it grows. Times are monotonic seconds."""

    started: float = field(default_factory=monotonic)
    finished: float | None = None
    text: str = ""
    delta_times: list[float] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    _grown: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ttft_seconds(self) -> float:
        """From the request to the first text."""
        return self.delta_times[0] - self.started

    @property
    def seconds(self) -> float:
        assert self.finished is not None
        return self.finished - self.started

    @property
    def completion_tokens(self) -> int:
        return int(self.usage["completion_tokens"])

    @property
    def prompt_tokens(self) -> int:
        return int(self.usage["prompt_tokens"])

    @property
    def decode_tokens_per_second(self) -> float:
        """Speed of writing alone, without the wait for the first token."""
        return (self.completion_tokens - 1) / (self.delta_times[-1] - self.delta_times[0])

    def longest_gap_seconds(self, since: float, until: float) -> float:
        """The longest pause between two deltas that overlaps with a stretch of time."""
        gaps = [
            after - before
            for before, after in pairwise(self.delta_times)
            if after > since and before < until
        ]
        if not gaps:
            raise ScenarioFailed("the reply did not grow while it was watched")
        return max(gaps)

    async def wait_for_deltas(self, count: int) -> None:
        """Return when the reply has that many. Raises ScenarioFailed when it ends before."""
        while len(self.delta_times) < count:
            if self.finished is not None:
                raise ScenarioFailed(f"the reply ended after {len(self.delta_times)} deltas")
            self._grown.clear()
            await self._grown.wait()

    def take(self, event: dict[str, Any]) -> None:
        """Add what one server-sent event brings."""
        if "error" in event:
            raise ScenarioFailed(f"it answered {event['error']}")
        self.usage = event.get("usage") or self.usage
        for choice in event.get("choices") or ():
            if text := choice["delta"].get("content"):
                self.delta_times.append(monotonic())
                self.text += text
        self._grown.set()

    def end(self) -> None:
        self.finished = monotonic()
        self._grown.set()


class ChatClient:
    """One program that talks to one server."""

    def __init__(self, url: str) -> None:
        self.key = ""
        """What the server asks programs for, if it does."""
        # Scenarios have a time limit of their own, and a queue may be long.
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(None, connect=10),
            # A connection for each chat: a kept one may be closed just as it is used again.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            trust_env=False,
        )

    async def chat(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        reply: Reply | None = None,
        **sampling: float,
    ) -> Reply:
        """The whole reply to the messages. Whoever passes `reply` in may watch it grow.

        Cancelling this closes the connection. Raises ScenarioFailed.
        """
        reply = reply or Reply()
        body = {
            "model": "default",
            "messages": list(messages),
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            **sampling,
        }
        try:
            async with aclosing(self._events(body)) as events:
                async for event in events:
                    reply.take(event)
        except httpx.HTTPError as error:
            raise ScenarioFailed(f"the connection failed: {error!r}") from error
        finally:
            reply.end()
        if not reply.usage or not reply.delta_times:
            raise ScenarioFailed("the reply came without text or without its token counts")
        return reply

    async def close(self) -> None:
        await self._http.aclose()

    async def _events(self, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        shown = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        path = "/v1/chat/completions"
        async with self._http.stream("POST", path, json=body, headers=shown) as response:
            if response.status_code != 200:
                words = (await response.aread()).decode("utf-8", "replace")
                raise ScenarioFailed(f"it answered {response.status_code}: {words[:300]}")
            async for line in response.aiter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    yield json.loads(line[len("data: ") :])


@asynccontextmanager
async def running(
    client: ChatClient, messages: Sequence[Message], max_tokens: int
) -> AsyncIterator[tuple[Reply, asyncio.Task[Reply]]]:
    """A reply that grows beside the block; leaving the block hangs up."""
    reply = Reply()
    task = asyncio.create_task(client.chat(messages, max_tokens, reply))
    try:
        yield reply, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

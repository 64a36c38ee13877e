"""What others notice: a long prompt beside a running reply, and a client that leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from benchmark import texts
from benchmark.client import running
from benchmark.errors import ScenarioFailed
from benchmark.processes import seconds_until_idle
from benchmark.scenario import Target

_MS = 1000
_UNDER_WAY_DELTAS = 8
_READING_SECONDS = 0.5
_IDLE_LIMIT_SECONDS = 60


def long_neighbour(which: int) -> Callable[[Target], Awaitable[dict[str, float]]]:
    """A reply that grows while somebody else sends a long prompt, the first or the second size."""

    async def run(target: Target) -> dict[str, float]:
        prompt = texts.notes_and_question(7, target.sizes.neighbour_tokens[which])
        wish, limit = texts.long_story(), target.sizes.long_reply_tokens
        async with running(target.client, wish, limit) as (reply, writing):
            await reply.wait_for_deltas(_UNDER_WAY_DELTAS)
            neighbour = await target.chat(prompt, 2)
            answered = neighbour.delta_times[0]
            if reply.finished is not None:
                raise ScenarioFailed("the reply ended before the neighbour's prompt was read")
            # The gap that the neighbour has caused ends with the next delta.
            await reply.wait_for_deltas(len(reply.delta_times) + 1)
            writing.cancel()
            return {
                "longest_gap_ms": reply.longest_gap_seconds(neighbour.started, answered) * _MS,
                "neighbour_ttft_ms": neighbour.ttft_seconds * _MS,
                "neighbour_prompt_tokens": neighbour.prompt_tokens,
            }

    return run


async def stop(target: Target) -> dict[str, float]:
    """The client hangs up while the reply is written, and again while a prompt is read."""
    async with running(target.client, texts.long_story(), target.sizes.long_reply_tokens) as (
        reply,
        _,
    ):
        await reply.wait_for_deltas(_UNDER_WAY_DELTAS)
    writing = await _idle_ms(target)

    prompt = texts.notes_and_question(8, target.sizes.neighbour_tokens[1])
    async with running(target.client, prompt, 64) as (reply, _):
        await asyncio.sleep(_READING_SECONDS)
        if reply.delta_times:
            raise ScenarioFailed("the prompt had been read before the client could leave")
    return {"while_writing_ms": writing, "while_reading_ms": await _idle_ms(target)}


async def _idle_ms(target: Target) -> float:
    """From now until the server computes no more."""
    seconds = await seconds_until_idle(target.server.pid, monotonic(), _IDLE_LIMIT_SECONDS)
    return seconds * _MS

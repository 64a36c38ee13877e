"""How fast replies are written."""

import asyncio
from collections.abc import Awaitable, Callable

from benchmark import texts
from benchmark.figures import percentile
from benchmark.processes import busy_core
from benchmark.scenario import Target

_MS = 1000


def new_chats(count: int) -> Callable[[Target], Awaitable[dict[str, float]]]:
    """So many people who send their first message at the same time."""

    async def run(target: Target) -> dict[str, float]:
        tokens = target.sizes.reply_tokens
        replies = await asyncio.gather(
            *(target.chat(texts.new_chat(index), tokens) for index in range(count))
        )
        began = min(reply.started for reply in replies)
        ended = max(reply.delta_times[-1] for reply in replies)
        written = sum(reply.completion_tokens for reply in replies)
        waits = [reply.ttft_seconds * _MS for reply in replies]
        return {
            "tokens_per_second": written / (ended - began),
            "ttft_p50_ms": percentile(waits, 50),
            "ttft_p95_ms": percentile(waits, 95),
            "written_tokens": written,
        }

    return run


async def beside_a_busy_core(target: Target) -> dict[str, float]:
    """One chat, while another process takes a core for itself."""
    with busy_core():
        reply = await target.chat(texts.new_chat(0), target.sizes.reply_tokens)
    return {
        "decode_tokens_per_second": reply.decode_tokens_per_second,
        "ttft_ms": reply.ttft_seconds * _MS,
        "written_tokens": reply.completion_tokens,
    }


async def rewrite(target: Target) -> dict[str, float]:
    """One chat that writes down again what it was given, and is not punished for repeating it."""
    tokens = target.sizes.rewritten_tokens
    reply = await target.chat(texts.rewrite(tokens), tokens, repeat_penalty=1.0)
    return {
        "decode_tokens_per_second": reply.decode_tokens_per_second,
        "ttft_ms": reply.ttft_seconds * _MS,
        "written_tokens": reply.completion_tokens,
    }

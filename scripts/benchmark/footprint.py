"""What a server costs by being there: the time to start, and memory."""

import asyncio

from benchmark import texts
from benchmark.client import Message
from benchmark.processes import memory_mb
from benchmark.scenario import Target

_SETTLE_SECONDS = 2
_AT_ONCE = 4


async def start(target: Target) -> dict[str, float]:
    """From the command to the first word of the first reply; the model file is in memory."""
    await target.server.start()
    reply = await target.chat([{"role": "user", "content": "Hello"}], 4)
    return {"first_token_seconds": reply.delta_times[0] - target.server.started_at}


async def memory(target: Target) -> dict[str, float]:
    """When nothing has happened yet, and when many conversations have."""
    await asyncio.sleep(_SETTLE_SECONDS)
    idle = memory_mb(target.server.pid)
    for begin in range(0, target.sizes.remembered, _AT_ONCE):
        indexes = range(begin, min(begin + _AT_ONCE, target.sizes.remembered))
        await asyncio.gather(*(target.chat(_opening(index), 16) for index in indexes))
    await asyncio.sleep(_SETTLE_SECONDS)
    return {"idle_mb": idle, "after_conversations_mb": memory_mb(target.server.pid)}


def _opening(index: int) -> list[Message]:
    return [
        {"role": "system", "content": texts.SYSTEM_PROMPT},
        *texts.notes_and_question(2000 + index, 80),
    ]

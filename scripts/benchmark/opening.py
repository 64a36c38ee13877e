"""Somebody comes back to a long conversation: opens it, thinks, writes, and waits for a word.

The appliance is used through its page here, for only a page can say that somebody is about to
write. llama-server is told nothing before the message comes.
"""

import asyncio

from benchmark import texts
from benchmark.client import Message
from benchmark.page import Page
from benchmark.scenario import Target

_THINKING_SECONDS = 5
_SHORT_REPLY_TOKENS = 24


async def opened_first(target: Target) -> dict[str, float]:
    """The first word after a restart and a long history, when the page was opened before."""
    wishes = [
        texts.notes_and_question(3000 + turn, 2 * target.sizes.opening_tokens)[0]["content"]
        for turn in range(target.sizes.turns)
    ]
    seconds = await (_ours if target.is_ours else _theirs)(target, wishes)
    return {"ttft_ms": seconds * 1000}


async def _ours(target: Target, wishes: list[str]) -> float:
    page = Page(target.server.url, target.cookies)
    try:
        await page.open()
        for wish in wishes:
            await page.say(wish)
        await target.server.restart()
        await page.open()
        await asyncio.sleep(_THINKING_SECONDS)
        return await page.say(texts.follow_up(0)["content"])
    finally:
        await page.close()


async def _theirs(target: Target, wishes: list[str]) -> float:
    messages: list[Message] = []
    for wish in wishes:
        messages.append({"role": "user", "content": wish})
        reply = await target.chat(messages, _SHORT_REPLY_TOKENS)
        messages.append({"role": "assistant", "content": reply.text})
    await target.server.restart()
    await target.chat(texts.warm_up(), 8)
    await asyncio.sleep(_THINKING_SECONDS)
    reply = await target.chat([*messages, texts.follow_up(0)], _SHORT_REPLY_TOKENS)
    return reply.ttft_seconds

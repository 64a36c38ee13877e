"""How soon the reply begins for somebody who was here before."""

from benchmark import texts
from benchmark.client import Message
from benchmark.figures import percentile
from benchmark.scenario import Target

_MS = 1000
_SHORT_REPLY_TOKENS = 24


async def conversation(target: Target) -> dict[str, float]:
    """One conversation of several turns; only the later ones count."""
    messages = texts.new_chat(0)
    waits = []
    for turn in range(target.sizes.turns):
        reply = await target.chat(messages, target.sizes.reply_tokens)
        waits.append(reply.ttft_seconds * _MS)
        messages += [_assistant(reply.text), texts.follow_up(turn)]
    return {
        "ttft_p50_ms": percentile(waits[1:], 50),
        "ttft_worst_ms": max(waits[1:]),
        "last_prompt_tokens": reply.prompt_tokens,
    }


async def interleaved(target: Target) -> dict[str, float]:
    """Everybody has a first turn, one after the other; then everybody has a second one."""
    conversations = await _first_turns(target)
    return await _second_turns(target, conversations)


async def interleaved_with_restart(target: Target) -> dict[str, float]:
    """The same, and between the turns the server is stopped and started again."""
    conversations = await _first_turns(target)
    await target.server.restart()
    await target.chat(texts.warm_up(), 8)
    return await _second_turns(target, conversations)


async def _first_turns(target: Target) -> list[list[Message]]:
    conversations = []
    for index in range(target.sizes.interleaved):
        messages = [
            {"role": "system", "content": texts.SYSTEM_PROMPT},
            *texts.notes_and_question(1000 + index, target.sizes.opening_tokens),
        ]
        reply = await target.chat(messages, _SHORT_REPLY_TOKENS)
        conversations.append([*messages, _assistant(reply.text), texts.follow_up(index)])
    return conversations


async def _second_turns(target: Target, conversations: list[list[Message]]) -> dict[str, float]:
    waits = []
    prompt_tokens = 0
    for messages in conversations:
        reply = await target.chat(messages, _SHORT_REPLY_TOKENS)
        waits.append(reply.ttft_seconds * _MS)
        prompt_tokens += reply.prompt_tokens
    return {
        "second_ttft_p50_ms": percentile(waits, 50),
        "second_ttft_p95_ms": percentile(waits, 95),
        "all_prompt_tokens": prompt_tokens,
    }


def _assistant(text: str) -> Message:
    return {"role": "assistant", "content": text}

"""What a running reply notices while the box makes messages and a document recallable."""

import json
import re
from collections.abc import Awaitable, Callable
from time import monotonic

import httpx

from appliance.errand_socket import Wanted, ask
from benchmark import recall_texts, texts
from benchmark.client import running
from benchmark.errors import ScenarioFailed
from benchmark.scenario import Target

_MS = 1000
_UNDER_WAY_DELTAS = 8
_TOKEN = re.compile(r'name="_csrf_token" value="([^"]+)"')


def reply(is_indexing: bool, messages: int) -> Callable[[Target], Awaitable[dict[str, float]]]:
    """A long reply; meanwhile so many messages and a document of as many lines come in, or not."""

    async def run(target: Target) -> dict[str, float]:
        wish, limit = texts.long_story(), target.sizes.long_reply_tokens
        before = _indexed(target)
        async with running(target.client, wish, limit) as (reply, writing):
            await reply.wait_for_deltas(_UNDER_WAY_DELTAS)
            began = monotonic()
            if is_indexing:
                await _bring(target, messages)
            await writing
        indexed = _indexed(target) - before
        if is_indexing and not indexed:
            raise ScenarioFailed("nothing was indexed before the reply ended")
        figures = {
            "longest_gap_ms": reply.longest_gap_seconds(began, reply.delta_times[-1]) * _MS,
            "decode_tokens_per_second": reply.decode_tokens_per_second,
            "written_tokens": float(reply.completion_tokens),
        }
        return {**figures, "indexed_chunks": float(indexed)} if is_indexing else figures

    return run


def _indexed(target: Target) -> int:
    """How many chunks have a vector."""
    told = ask(target.server.data_dir, Wanted("reindex", kind="progress"), None, None)
    return int(told.words[0])


async def _bring(target: Target, messages: int) -> None:
    """Conversations from a file, and a document: each waits on the disk when this returns."""
    said = list(recall_texts.sentences(2 * messages))
    spoken, written = said[:messages], "\n\n".join(said[messages:])
    async with httpx.AsyncClient(
        base_url=target.server.url, cookies=target.cookies, timeout=60, trust_env=False
    ) as browser:
        for path, page, name, content in (
            ("/imports", "/data", "conversations.json", json.dumps([_conversation(spoken)])),
            ("/documents", "/documents", "notes.txt", written),
        ):
            token = _TOKEN.search((await browser.get(page)).text)
            if token is None:
                raise ScenarioFailed(f"{page} is no page with a form")
            answer = await browser.post(
                path, data={"_csrf_token": token[1]}, files={"file": (name, content.encode())}
            )
            if answer.status_code != 303:
                raise ScenarioFailed(f"{path} answered {answer.status_code}")


def _conversation(said: list[str]) -> dict[str, object]:
    """As ChatGPT exports it."""
    nodes = {
        str(number): {
            "id": str(number),
            "parent": str(number - 1) if number else None,
            "children": [str(number + 1)] if number + 1 < len(said) else [],
            "message": {
                "author": {"role": "assistant" if number % 2 else "user"},
                "create_time": 1_700_000_000,
                "content": {"content_type": "text", "parts": [text]},
            },
        }
        for number, text in enumerate(said)
    }
    return {"title": "Talk", "create_time": 1_700_000_000, "mapping": nodes}

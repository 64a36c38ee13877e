"""scripts/bench --documents: a long PDF comes in while a reply is written; and the reply alone."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from time import monotonic

import httpx

from appliance.errand_socket import Wanted, ask
from benchmark import document_pages, texts
from benchmark.client import running
from benchmark.errors import ScenarioFailed
from benchmark.figures import Run
from benchmark.machine import busy_fraction
from benchmark.pdf_file import pdf
from benchmark.running import Outcome, run_once
from benchmark.scenario import Scenario, Sizes, Target
from benchmark.servers import Launch

SIDES = ("the box with a document", "the box without")
_MS = 1000
_UNDER_WAY_DELTAS = 8
_ASK_AGAIN_SECONDS = 0.5
_THE_SAME_TIMES = 3
"""More may be on its way from the process that reads it."""
_TOKEN = re.compile(r'name="_csrf_token" value="([^"]+)"')

Say = Callable[[str], None]


def run_all(ours: Launch, sizes: Sizes, pairs: int, say: Say) -> list[Outcome]:
    """Newly started each time, with the document and without."""
    about = f"a reply while {sizes.pages} pages come in and are indexed; and the same reply alone"
    with_it, without = (
        Scenario("a reply beside a document", about, _scenario(is_sent))
        for is_sent in (True, False)
    )
    outcome = Outcome(with_it)
    for pair in range(pairs):
        outcome.busy.append(busy_fraction())
        for scenario, runs in ((with_it, outcome.ours), (without, outcome.theirs)):
            run = asyncio.run(run_once(scenario, ours, sizes))
            runs.append(run)
            say(f"{pair + 1}/{pairs}, {scenario.name}: {run.failure or _shown(run)}")
    return [outcome]


def _shown(run: Run) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in run.figures.items())


def _scenario(is_sent: bool) -> Callable[[Target], Awaitable[dict[str, float]]]:
    async def run(target: Target) -> dict[str, float]:
        wish, limit = texts.long_story(), target.sizes.long_reply_tokens
        content = pdf(document_pages.pages(target.sizes.pages))
        async with running(target.client, wish, limit) as (reply, writing):
            await reply.wait_for_deltas(_UNDER_WAY_DELTAS)
            began = monotonic()
            if is_sent:
                await _send(target, content)
            await writing
            reply_seconds = monotonic() - began
        figures = {
            "longest_gap_ms": reply.longest_gap_seconds(began, reply.delta_times[-1]) * _MS,
            "decode_tokens_per_second": reply.decode_tokens_per_second,
            "written_tokens": float(reply.completion_tokens),
        }
        if is_sent:
            await _wait_indexed(target)
            figures["reply_seconds"] = reply_seconds
            figures["indexed_seconds"] = monotonic() - began
            figures["right_pages_percent"] = await _right_pages(target)
        return figures

    return run


async def _send(target: Target, content: bytes) -> None:
    """As the page sends it: it waits on the disk when this returns."""
    async with httpx.AsyncClient(
        base_url=target.server.url, cookies=target.cookies, timeout=60, trust_env=False
    ) as browser:
        token = _TOKEN.search((await browser.get("/documents")).text)
        if token is None:
            raise ScenarioFailed("/documents is no page with a form")
        answer = await browser.post(
            "/documents", data={"_csrf_token": token[1]}, files={"file": ("Book.pdf", content)}
        )
        if answer.status_code != 303:
            raise ScenarioFailed(f"/documents answered {answer.status_code}")


async def _wait_indexed(target: Target) -> None:
    """Return when every passage has its vector. A page has one passage at the least."""
    seen = 0
    while seen < _THE_SAME_TIMES:
        told = ask(target.server.data_dir, Wanted("reindex", kind="progress"), None, None)
        done, total = map(int, told.words[:2])
        seen = seen + 1 if done == total >= target.sizes.pages else 0
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _right_pages(target: Target) -> float:
    """How many of a hundred questions name the page that answers them first."""
    asked = list(document_pages.questions(target.sizes.pages, target.sizes.asked_pages))
    right = 0
    async with httpx.AsyncClient(
        base_url=target.server.url,
        headers={"Authorization": f"Bearer {target.client.key}"},
        timeout=60,
        trust_env=False,
    ) as program:
        for question, page in asked:
            answer = await program.post("/v1/recall", json={"query": question, "k": 1})
            if answer.status_code != 200:
                raise ScenarioFailed(f"/v1/recall answered {answer.status_code}: {answer.text}")
            found = answer.json()["data"]
            right += bool(found) and found[0]["source"].get("page") == page
    return 100 * right / len(asked)

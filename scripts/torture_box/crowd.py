"""A thousand open pages that follow one reply."""

import asyncio
import html
import re
import resource
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmark.processes import cpu_seconds, memory_mb

from torture_box.starting import OwnBox

_QUESTION = "Write a very long story about the sea."
_KEPT_BYTES = 100_000
_SAMPLE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class CrowdFigures:
    """`whole` counts the readers that got the whole reply and were told that it is over."""

    readers: int
    whole: int
    tokens_per_second: float
    memory_mb: float
    cpu_seconds: float


def allow_open_files(count: int) -> None:
    """For this process and those it starts; as many as it may have, at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count)), hard))


def follow_together(box: OwnBox, readers: int) -> CrowdFigures:
    """One reply, read by so many at once from its beginning to its end."""
    cpu_before = cpu_seconds(box.pid)
    with box.page() as page:
        turn = page.say(_QUESTION)
        endings, most_memory_mb = asyncio.run(_read_all(box, turn.turn_id, readers))
        page.read_stream(turn.turn_id)
    reply, speed = _stored(box, turn.turn_id)
    return CrowdFigures(
        readers=readers,
        whole=sum(_letters(reply) in _letters(_text(ending)) for ending in endings),
        tokens_per_second=speed,
        memory_mb=most_memory_mb,
        cpu_seconds=cpu_seconds(box.pid) - cpu_before,
    )


async def _read_all(box: OwnBox, turn_id: str, readers: int) -> tuple[list[str], float]:
    """How the stream ended for each of them, and the most memory that the box took meanwhile."""
    memory = [memory_mb(box.pid)]

    async def watch() -> None:
        while True:
            memory.append(memory_mb(box.pid))
            await asyncio.sleep(_SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    reading = [_read_to_end(box, turn_id) for _ in range(readers)]
    endings = await asyncio.gather(*reading, return_exceptions=True)
    watching.cancel()
    # A reader that was cut off has not got the whole text, and counts as such.
    return [ending for ending in endings if isinstance(ending, str)], max(memory)


async def _read_to_end(box: OwnBox, turn_id: str) -> str:
    """The last part of the stream; empty when it ended without saying that it is over."""
    address = urlsplit(box.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    # In HTTP 1.0 the body ends with the connection, so there are no lengths in between.
    cookies = "; ".join(f"{name}={value}" for name, value in box.cookies.items())
    head = f"Host: {address.netloc}\r\nCookie: {cookies}\r\n\r\n"
    request = f"GET /turns/{turn_id}/stream HTTP/1.0\r\n{head}"
    writer.write(request.encode())
    kept = bytearray()
    while piece := await reader.read(65536):
        kept += piece
        del kept[:-_KEPT_BYTES]
    writer.close()
    await writer.wait_closed()
    ending = kept.decode(errors="replace")
    return ending if "event: done" in ending else ""


def _stored(box: OwnBox, turn_id: str) -> tuple[str, float]:
    """The reply as the store has it, and how many tokens a second it was written with."""
    ((reply, tokens, decode_ms),) = box.stored(
        "SELECT content, completion_tokens, decode_ms FROM turns "
        f"JOIN messages ON message_key = reply_message_key WHERE turn_id = '{turn_id}'"
    )
    return reply, (tokens - 1) * 1000 / max(1, decode_ms)


def _text(events: str) -> str:
    markup = re.sub(r"^data: ?", "", events, flags=re.MULTILINE)
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def _letters(text: str) -> str:
    """Without what Markdown adds and takes away."""
    return re.sub(r"[^A-Za-z]+", "", text)

"""A thousand open pages that follow one reply."""

import asyncio
import html
import re
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import urlsplit

import httpx
from benchmark.processes import cpu_seconds, memory_mb

from torture_box.starting import OwnBox

_QUESTION = "Write a very long story about the sea."
_KEPT_BYTES = 100_000
_SAMPLE_SECONDS = 0.5
_PIECES = re.compile(r"^appliance_inter_token_latency_seconds_count (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CrowdFigures:
    """`whole` counts the readers that got the whole reply and were told that it is over.

    `pieces_per_second` is how quickly it was written while all of them had it open: how many come
    in the same second is another matter. A piece is what one step of the model adds.
    """

    readers: int
    whole: int
    pieces_per_second: float
    memory_mb: float
    cpu_seconds: float


@dataclass(slots=True)
class _Crowd:
    """What is seen of a reply from outside: when all its readers had their first words, and how
    many pieces the box had written at what time.
    """

    expected: int
    arrived: int = 0
    all_open_at: float = 0.0
    progress: list[tuple[float, int]] = field(default_factory=list)

    def one_more(self) -> None:
        self.arrived += 1
        if self.arrived == self.expected:
            self.all_open_at = monotonic()

    def pieces_per_second(self) -> float:
        """From when all had it open to its end; 0 when it was over before."""
        seen = [each for each in self.progress if each[0] >= self.all_open_at > 0]
        # What the reply's end falls into is not a whole sample.
        while len(seen) > 2 and seen[-1][1] == seen[-2][1]:
            del seen[-1]
        if len(seen) < 3:
            return 0.0
        return (seen[-2][1] - seen[0][1]) / (seen[-2][0] - seen[0][0])


def allow_open_files(count: int) -> None:
    """For this process and those it starts; as many as it may have, at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count)), hard))


def follow_together(box: OwnBox, readers: int) -> CrowdFigures:
    """One reply, read by so many at once from its beginning to its end."""
    cpu_before = cpu_seconds(box.pid)
    # Closed before they come: from their address no more than a thousand connections may be open.
    with box.page() as page:
        turn = page.say(_QUESTION)
    crowd = _Crowd(readers)
    endings, most_memory_mb = asyncio.run(_read_all(box, turn.turn_id, crowd))
    with box.page() as page:
        page.read_stream(turn.turn_id)
    reply = _stored(box, turn.turn_id)
    return CrowdFigures(
        readers=readers,
        whole=sum(_letters(reply) in _letters(_text(ending)) for ending in endings),
        pieces_per_second=crowd.pieces_per_second(),
        memory_mb=most_memory_mb,
        cpu_seconds=cpu_seconds(box.pid) - cpu_before,
    )


async def _read_all(box: OwnBox, turn_id: str, crowd: _Crowd) -> tuple[list[str], float]:
    """How the stream ended for each of them, and the most memory that the box took meanwhile."""
    memory = [memory_mb(box.pid)]

    async def watch() -> None:
        # Not one of the readers: a crowd is told of a change only now and then. Nor of their
        # address, from which a thousand connections are all that there may be.
        transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx.AsyncClient(base_url=box.url, transport=transport) as counts:
            while True:
                memory.append(memory_mb(box.pid))
                found = _PIECES.search((await counts.get("/metrics")).text)
                crowd.progress.append((monotonic(), int(float(found[1])) if found else 0))
                await asyncio.sleep(_SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    reading = [_read_to_end(box, turn_id, crowd) for _ in range(crowd.expected)]
    endings = await asyncio.gather(*reading, return_exceptions=True)
    watching.cancel()
    # A reader that was cut off has not got the whole text, and counts as such.
    return [ending for ending in endings if isinstance(ending, str)], max(memory)


@asynccontextmanager
async def _stream(box: OwnBox, path: str) -> AsyncIterator[asyncio.StreamReader]:
    address = urlsplit(box.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    # In HTTP 1.0 the body ends with the connection, so there are no lengths in between.
    cookies = "; ".join(f"{name}={value}" for name, value in box.cookies.items())
    head = f"Host: {address.netloc}\r\nCookie: {cookies}\r\n\r\n"
    writer.write(f"GET {path} HTTP/1.0\r\n{head}".encode())
    yield reader
    writer.close()
    await writer.wait_closed()


async def _read_to_end(box: OwnBox, turn_id: str, crowd: _Crowd) -> str:
    """The last part of the stream; empty when it ended without saying that it is over."""
    kept = bytearray()
    async with _stream(box, f"/turns/{turn_id}/stream") as reader:
        while piece := await reader.read(65536):
            if not kept:
                crowd.one_more()
            kept += piece
            del kept[:-_KEPT_BYTES]
    ending = kept.decode(errors="replace")
    return ending if "event: done" in ending else ""


def _stored(box: OwnBox, turn_id: str) -> str:
    """The reply as the store has it."""
    ((reply,),) = box.stored(
        "SELECT content FROM turns "
        f"JOIN messages ON message_key = reply_message_key WHERE turn_id = '{turn_id}'"
    )
    return str(reply)


def _text(events: str) -> str:
    markup = re.sub(r"^data: ?", "", events, flags=re.MULTILINE)
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def _letters(text: str) -> str:
    """Without what Markdown adds and takes away."""
    return re.sub(r"[^A-Za-z]+", "", text)

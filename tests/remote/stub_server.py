"""A server on a real socket that answers exactly what a test says, well or badly."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
MODELS = {"data": [{"id": "big-model", "owned_by": "vllm", "max_model_len": 4096}]}


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: Any


Answer = Callable[[Asked], AsyncIterator[bytes]]


def whole(body: Any, status: int = 200, *headers: str) -> Answer:
    """One JSON body, or bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status} Stub", "Content-Type: application/json", *headers]

    async def answer(asked: Asked) -> AsyncIterator[bytes]:
        yield "\r\n".join([*head, f"Content-Length: {len(content)}", "", ""]).encode() + content

    return answer


def event(content: str | None = None, **more: Any) -> bytes:
    """One chunk of a reply."""
    finish_reason = more.pop("finish_reason", None)
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"choices": [choice], **more}).encode() + b"\n\n"


def stream(*pieces: bytes) -> Answer:
    """The pieces after a good head; then the connection closes."""

    async def answer(asked: Asked) -> AsyncIterator[bytes]:
        yield HEAD
        for piece in pieces:
            yield piece

    return answer


def said(*words: str) -> Answer:
    """A whole and proper reply."""
    usage = {"prompt_tokens": 30, "completion_tokens": len(words)}
    usage |= {"prompt_tokens_details": {"cached_tokens": 7}}
    last = b'data: {"choices": [], "usage": ' + json.dumps(usage).encode() + b"}\n\n"
    return stream(
        *(event(word) for word in words),
        event(finish_reason="stop"),
        last,
        b"data: [DONE]\n\n",
    )


class StubServer:
    """Answers by path; `asked` are the requests so far. `hung_up` is set when a client leaves a
    reply that is not over.
    """

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = {"/v1/models": whole(MODELS), "/tokenize": whole({}, 404)} | answers
        self.asked: list[Asked] = []
        self.hung_up = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""

    async def __aenter__(self) -> "StubServer":
        await self.listen()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def listen(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"

    async def close(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    def chats(self) -> list[Any]:
        """The bodies of the questions so far."""
        return [asked.body for asked in self.asked if asked.path == "/v1/chat/completions"]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                asked = await _read(reader)
                self.asked.append(asked)
                answer = self.answers.get(asked.path, whole({"error": "no such path"}, 404))
                if await self._is_over(self._answer(answer, asked, writer), reader):
                    break
        self._writers.discard(writer)
        writer.close()

    async def _is_over(self, answer: Coroutine[Any, Any, bytes], reader: Any) -> bool:
        """Whether the connection is, after this answer."""
        answering = asyncio.create_task(answer)
        leaving = asyncio.create_task(reader.read(1))
        await asyncio.wait({leaving, answering}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done() or answering.exception() is not None:
            self.hung_up.set()
        for task in (leaving, answering):
            task.cancel()
        said, _ = await asyncio.gather(answering, leaving, return_exceptions=True)
        return not isinstance(said, bytes) or b"event-stream" in said

    async def _answer(self, answer: Answer, asked: Asked, writer: asyncio.StreamWriter) -> bytes:
        first = b""
        async for piece in answer(asked):
            first = first or piece
            writer.write(piece)
            await writer.drain()
        return first


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(first.split(" ")[1], headers, json.loads(body) if body else None)

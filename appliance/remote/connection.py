"""The only file that speaks HTTP to another machine, and the only one that knows its key.

It goes to the address in engine.url and to nowhere else: no proxy of the environment, no redirect.
Answers are read up to a bound, uncompressed.
"""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from appliance.errors import RemoteFailed
from appliance.remote import failures

MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0

# A machine that lost its power says no goodbye; the kernel notices within half a minute.
_KEEP_ALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
]
_BROKEN = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL)


class _Error(msgspec.Struct):
    message: str = ""


class _ErrorBody(msgspec.Struct):
    error: _Error | str = ""
    message: str = ""


class Connection:
    """A client of one server. `url` is its OpenAI-compatible address, `key` what it asks for."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self.host = urlsplit(url).hostname or url
        self._url = url
        headers = {"Accept-Encoding": "identity", "User-Agent": "appliance"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=8)
        self._client = httpx.AsyncClient(
            headers=headers,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS, pool=None),
            transport=httpx.AsyncHTTPTransport(
                # The machine's own list of authorities, so that a household's own may be in it.
                verify=ssl.create_default_context() if url.startswith("https:") else False,
                trust_env=False,
                limits=limits,
                socket_options=_KEEP_ALIVE,
            ),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, path: str) -> bytes:
        """A whole answer. Raises RemoteFailed."""
        async with self._answered("GET", f"{self._url}/{path}", None) as answer:
            return await self._whole(answer)

    async def post_beside(self, path: str, body: Any) -> bytes:
        """The same of what stands beside the OpenAI-compatible part. Raises RemoteFailed."""
        async with self._answered(
            "POST", f"{self._url.removesuffix('/v1')}/{path}", body
        ) as answer:
            return await self._whole(answer)

    @asynccontextmanager
    async def post_stream(self, path: str, body: Any) -> AsyncIterator[AsyncIterator[bytes]]:
        """The pieces of an event stream; leaving early closes the connection, which stops the
        server. Waits as long as the caller does. Raises RemoteFailed, inside the block too.
        """
        async with self._answered("POST", f"{self._url}/{path}", body, None) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                raise failures.not_understood(self.host)
            yield self._pieces(answer)

    @asynccontextmanager
    async def _answered(
        self, method: str, url: str, body: Any, silence_seconds: float | None = ANSWER_SECONDS
    ) -> AsyncIterator[httpx.Response]:
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS, read=silence_seconds)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        content = msgspec.json.encode(body) if body is not None else None
        request = self._client.build_request(
            method, url, content=content, headers=headers, timeout=timeout
        )
        try:
            answer = await self._client.send(request, stream=True)
        except _BROKEN as error:
            raise failures.unreachable(self.host, error) from error
        try:
            if answer.status_code != 200:
                raise failures.refused(self.host, answer.status_code, await self._detail(answer))
            yield answer
        finally:
            await answer.aclose()

    async def _whole(self, answer: httpx.Response) -> bytes:
        body = bytearray()
        async for piece in self._pieces(answer):
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise failures.not_understood(self.host)
        return bytes(body)

    async def _pieces(self, answer: httpx.Response) -> AsyncIterator[bytes]:
        try:
            async for piece in answer.aiter_raw():
                yield piece
        except _BROKEN as error:
            raise failures.broken_off(self.host) from error

    async def _detail(self, answer: httpx.Response) -> str:
        """The server's own words for a refusal, when it has any that can be read."""
        body = bytearray()
        try:
            async for piece in self._pieces(answer):
                body += piece
                if len(body) > MAX_ERROR_BYTES:
                    return ""
            said = msgspec.json.decode(bytes(body), type=_ErrorBody)
        except (RemoteFailed, msgspec.DecodeError, UnicodeDecodeError):
            return ""
        words = said.error if isinstance(said.error, str) else said.error.message
        return words or said.message

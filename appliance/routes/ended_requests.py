"""Ends what is being sent to a browser that is signed out meanwhile.

An answer may be a stream of hours. The handler is told that its reader has gone, and cleans up as
it does then; the reader sees a stream that ended.
"""

import asyncio

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.types.asgi_types import HTTPReceiveMessage

from appliance.accounts.open_requests import OpenRequests


class EndedRequestsMiddleware(ASGIMiddleware):
    """Stands behind the one that knows who is signed in."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, open_requests: OpenRequests) -> None:
        self._open_requests = open_requests

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["user"] is None:
            await next_app(scope, receive, send)
            return
        with self._open_requests.watch(scope["user"]) as over:
            answer = _Answer(receive, send, over)
            await next_app(scope, answer.receive, answer.send)
            await answer.close()


class _Answer:
    def __init__(self, receive: Receive, send: Send, over: asyncio.Event) -> None:
        self._receive = receive
        self._send = send
        self._over = over
        self._is_begun = False
        self._is_whole = False

    async def receive(self) -> "HTTPReceiveMessage":
        """What the browser sends; when it is signed out, that it has gone."""
        coming = asyncio.ensure_future(self._receive())
        ending = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                return coming.result()  # type: ignore[return-value]
            return {"type": "http.disconnect"}
        finally:
            coming.cancel()
            ending.cancel()

    async def send(self, message: Message) -> None:
        self._is_begun = True
        self._is_whole = message["type"] == "http.response.body" and not message.get("more_body")
        await self._send(message)

    async def close(self) -> None:
        """A server wants every answer to have an end."""
        if self._over.is_set() and self._is_begun and not self._is_whole:
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})

"""A number for each request: in its answer's header, and in every log line that was written for it.

It is made here and never taken over from whoever asks: what stands in the log is ours. It names no
person and outlives nothing; it joins what somebody saw with what the box says about it.
"""

from secrets import token_hex

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-Id"
_KEY = "request_id"


class RequestIdMiddleware(ASGIMiddleware):
    """Stands before all others, so that what they log has it, too."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        # What it leaves running, its turn above all, keeps the number.
        with structlog.contextvars.bound_contextvars(**{_KEY: _id_of(scope)}):
            await next_app(scope, receive, send)


async def add_request_id(message: Message, scope: Scope) -> None:
    """A hook before each send, because answers to unknown paths pass no middleware."""
    if message["type"] == "http.response.start":
        MutableScopeHeaders.from_message(message)[HEADER] = _id_of(scope)


def _id_of(scope: Scope) -> str:
    state = scope["state"]
    if _KEY not in state:
        state[_KEY] = token_hex(8)
    return str(state[_KEY])

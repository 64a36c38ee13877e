"""Only the box's own pages may act on it.

A page of another site, open in the same browser, can send requests here: to a LAN name that it
rebound, or with a plain form. Browsers say where a request comes from (`Origin`, `Sec-Fetch-Site`);
what they say is checked before any handler runs, on every method that changes something and on
every stream.
"""

from urllib.parse import urlsplit

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.exceptions import PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from appliance.sentences import say

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSAL = say(
    "This request came from another site, so the box did not act on it. Reload the page."
)


class SameOriginMiddleware(ASGIMiddleware):
    """Answers 403 to what another site's page sends."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        headers = Headers.from_scope(scope)
        changes = scope.get("method") not in _SAFE_METHODS
        if (changes or _asks_for_stream(headers)) and not _is_same_origin(headers, scope):
            raise PermissionDeniedException(_REFUSAL)
        await next_app(scope, receive, send)


def _asks_for_stream(headers: Headers) -> bool:
    return "text/event-stream" in headers.get("accept", "")


def _is_same_origin(headers: Headers, scope: Scope) -> bool:
    """Programs send neither header and are let through: they hold no one's cookies."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    if "origin" not in headers:
        return True
    origin = urlsplit(headers["origin"])
    # In plain anybody on the way could have written the page; over TLS only ours count.
    is_as_safe = origin.scheme == "https" or scope["scheme"] == "http"
    return is_as_safe and origin.netloc == headers.get("host")

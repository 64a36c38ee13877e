"""Only under its own names: another site's name that was made to lead here is refused.

That is DNS rebinding: the page of such a name would be of one origin with the box's answers, and
could read them. Litestar's own list compares whole headers and cannot change while the box runs.
"""

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.exceptions import PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from appliance.network.box_names import BoxNames
from appliance.sentences import say

_REFUSAL = say(
    "The box does not go by the name in this address. Open it under the address that was printed "
    "at its start, or add the name to server.names."
)


class UnknownHost(PermissionDeniedException):
    """The Host header names something else."""

    status_code = 400


class OwnHostsMiddleware(ASGIMiddleware):
    """Answers 400 to what is not for the box. `ports` are those that a Host header may name."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, names: BoxNames, ports: tuple[int, ...]) -> None:
        self._names = names
        self._ports = ports

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        server = scope.get("server")
        host = Headers.from_scope(scope).get("host", "")
        if not self._names.allow(host, server[0] if server else "", self._ports):
            raise UnknownHost(_REFUSAL)
        await next_app(scope, receive, send)

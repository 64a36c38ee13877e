"""Counts requests by their route's template, never by the path that was asked for.

Litestar's own Prometheus middleware is not used: it keeps its metrics in the class, for all boxes
of a process together, and counts what the CSRF and origin checks refuse as 200.
"""

from time import monotonic

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from appliance.errors import ApplianceError
from appliance.metrics import Metrics
from appliance.routes.refusals import status_of


class RequestMetricsMiddleware(ASGIMiddleware):
    """The outermost one, so that it sees what the others refuse."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        # Only requests that a route takes come here, so both labels have few values.
        route = (str(scope.get("method")), scope["path_template"])
        began, status = monotonic(), 0

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._metrics.http_answer_time.labels(*route).observe(monotonic() - began)
            await send(message)

        still_open = self._metrics.http_requests_open.labels(*route)
        still_open.inc()
        try:
            await next_app(scope, receive, note_status)
        except HTTPException as error:  # refused by a middleware; it becomes an answer further out
            status = error.status_code
            raise
        except ApplianceError as error:  # so is whoever is not signed in
            status = status_of(error)
            raise
        finally:
            still_open.dec()
            self._metrics.http_requests.labels(*route, status or "none").inc()

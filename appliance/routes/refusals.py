"""Errors become answers here: a fragment where the reader looks, a page, or OpenAI's shape for
`/v1`.
"""

from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, PermissionDeniedException
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template

from appliance.errors import (
    ApplianceError,
    Conflict,
    EngineUnavailable,
    GrammarRefused,
    ImportTooLarge,
    InvalidInput,
    ModelError,
    ModelMissing,
    NotAllowed,
    NotFound,
    NotSetUp,
    NotSignedIn,
    OverLimit,
    QueueFull,
    StoreError,
    StoreFull,
    TooManyTries,
)
from appliance.routes.openai_wire import error_body
from appliance.routes.page_data import ErrorView
from appliance.sentences import said_before, say

log = structlog.get_logger(__name__)

_RETRY_AFTER_SECONDS = 10
_STATUS: tuple[tuple[type[ApplianceError], int], ...] = (
    (GrammarRefused, 400),
    (ImportTooLarge, 413),
    (InvalidInput, 422),
    (NotSignedIn, 401),
    (NotSetUp, 403),
    (NotAllowed, 403),
    (NotFound, 404),
    (ModelMissing, 404),
    (ModelError, 422),
    (TooManyTries, 429),
    (Conflict, 409),
    (QueueFull, 429),
    (EngineUnavailable, 503),
    (StoreFull, 507),
    (StoreError, 503),
)
_PLAIN_SENTENCES = {
    403: say("This request was not accepted. Reload the page and try again."),
    404: say("There is no such page here."),
    405: say("That cannot be done here."),
    413: say("That is too large to send at once. Shorten it or send it in parts."),
}
_UNREADABLE = say("The box could not read this request. Reload the page and try again.")
_UNEXPECTED = say("Something went wrong inside the box. Try again; the log has the details.")


def status_of(error: ApplianceError) -> int:
    """Which status an error becomes."""
    return next((code for kind, code in _STATUS if isinstance(error, kind)), 500)


def refuse(request: Request[Any, Any, Any], error: ApplianceError) -> Response[Any]:
    """One of our own errors, whose text is the sentence for the reader."""
    status = status_of(error)
    if status == 500:
        log.error("unexpected refusal", route=_route(request), error=str(error))
    if isinstance(error, TooManyTries):
        over = error.kind if isinstance(error, OverLimit) else ""
        return _answer(request, status, error.sentence, error.retry_after_seconds, over)
    return _answer(request, status, error.sentence)


def refuse_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """The framework's own errors: unknown path, wrong method, body too large, unreadable body."""
    status = error.status_code
    is_ours = isinstance(error, PermissionDeniedException) and error.detail.endswith(".")
    known = said_before(error.detail) if is_ours else _PLAIN_SENTENCES.get(status)
    return _answer(request, status, known or _UNREADABLE)


def refuse_missing(request: Request[Any, Any, Any], _: Exception) -> Response[Any]:
    """Something that cannot exist was asked for."""
    return _answer(request, 404, _PLAIN_SENTENCES[404])


def refuse_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The request's border: anything else is logged in full and answered without details."""
    log.error("request failed", route=_route(request), method=request.method, exc_info=error)
    return _answer(request, 500, _UNEXPECTED)


def _route(request: Request[Any, Any, Any]) -> str:
    """Which route it was; not the path that was asked for, in which the key of a link may stand."""
    return str(request.scope.get("path_template", ""))


def _answer(
    request: Request[Any, Any, Any],
    status: int,
    sentence: str,
    wait_seconds: int = _RETRY_AFTER_SECONDS,
    over: str = "",
) -> Response[Any]:
    headers = {"Retry-After": str(wait_seconds)} if status in (429, 503) else None
    if request.url.path.startswith("/v1/"):
        body = error_body(status, str(sentence), over)
        return Response(body, status_code=status, headers=headers)
    if request.query_params.get("format") == "text" or "authorization" in request.headers:
        # A program reads a turn, or takes what is its owner's.
        return Response(str(sentence), status_code=status, headers=headers, media_type="text/plain")
    is_fragment = isinstance(request, HTMXRequest) and bool(request.htmx)
    return Template(
        template_name="_error.html" if is_fragment else "error.html",
        context={"error": ErrorView(sentence)},
        status_code=status,
        headers=headers,
    )

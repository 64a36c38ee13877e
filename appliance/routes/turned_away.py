"""What those are told who are not signed in, each where they look."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, ServerSentEvent, Template

from appliance.errors import AccountClosed, NotSetUp, NotSignedIn
from appliance.routes.cookies import sign_in_key
from appliance.routes.fragments import named_event
from appliance.routes.openai_wire import error_body
from appliance.routes.page_data import ErrorView

Answer = Response[Any]


def ask_to_sign_in(request: Request[Any, Any, Any], error: NotSignedIn) -> Answer:
    """A page leads to the sign-in; an open page goes there by itself; programs are told."""
    if _is_programs(request):
        return _for_programs(request, 401, str(error))
    was_in = "&out=yes" if sign_in_key(request) else ""
    return _lead_to(request, 401, "/sign-in", error.sentence, was_in)


def ask_to_open(request: Request[Any, Any, Any], error: AccountClosed) -> Answer:
    """The same for somebody who is signed in, and whose account is sealed and closed."""
    if _is_programs(request):
        return _for_programs(request, 423, str(error))
    return _lead_to(request, 423, "/account/opening", error.sentence)


def ask_to_set_up(request: Request[Any, Any, Any], error: NotSetUp) -> Answer:
    """On this machine a page says where the link is; nobody else is told anything."""
    if _is_programs(request):
        return _for_programs(request, 403, str(error))
    if error.is_here and request.method == "GET":
        return Redirect("/setup", status_code=303)
    return _error_page(403, error.sentence)


def _lead_to(
    request: Request[Any, Any, Any], status: int, door: str, sentence: str, more: str = ""
) -> Answer:
    """To the door, and from there back to the page; what cannot be sent twice is refused."""
    if isinstance(request, HTMXRequest) and request.htmx:
        if request.route_handler.opt.get("is_followed"):
            # An open page would take any other answer for a box that is away, and try for ever.
            # After the end it asks what became of the turn, and is sent to the door then.
            return ServerSentEvent(iter([named_event("done")]))
        page = request.htmx.current_url_abs_path or "/"
        there = f"{door}?next={quote(page, safe='/')}{more}"
        return Response("", status_code=status, headers={"HX-Redirect": there})
    if request.method != "GET":
        return _error_page(status, sentence)
    query = f"?{request.url.query}" if request.url.query else ""
    page = quote(request.url.path + query, safe="/")
    return Redirect(f"{door}?next={page}{more}", status_code=303)


def _is_programs(request: Request[Any, Any, Any]) -> bool:
    is_api = request.url.path.startswith("/v1/") or "authorization" in request.headers
    return is_api or request.query_params.get("format") == "text"


def _for_programs(request: Request[Any, Any, Any], status: int, sentence: str) -> Answer:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    if request.url.path.startswith("/v1/"):
        return Response(error_body(status, sentence), status_code=status, headers=headers)
    return Response(sentence, status_code=status, headers=headers, media_type="text/plain")


def _error_page(status: int, sentence: str) -> Answer:
    return Template("error.html", context={"error": ErrorView(sentence)}, status_code=status)

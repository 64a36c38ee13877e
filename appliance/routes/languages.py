"""The reader's choice of a language."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, post
from litestar.datastructures import Cookie
from litestar.params import URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect

from appliance.accounts.account import Access
from appliance.errors import InvalidInput
from appliance.languages.templates import COOKIE, SpokenTemplates
from appliance.sentences import say

_A_YEAR_SECONDS = 365 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class LanguageForm:
    """The code of the one that was chosen."""

    language: str = ""


@post("/language", include_in_schema=False, opt={"access": Access.ANYONE})
async def choose(request: HTMXRequest, data: URLEncodedBody[LanguageForm]) -> Redirect:
    """Remember it in this browser, and show the same page again."""
    templates = request.app.template_engine
    assert isinstance(templates, SpokenTemplates)
    if templates.languages.named(data.language) is None:
        raise InvalidInput(say("The box does not speak that language. Choose one of the list."))
    cookie = Cookie(
        COOKIE, data.language, max_age=_A_YEAR_SECONDS, httponly=True, samesite="lax"
    )
    return Redirect(_page_before(request), status_code=303, cookies=[cookie])


def _page_before(request: Request[Any, Any, Any]) -> str:
    """The page of ours that the form stood on; the first one when the browser does not say."""
    page = urlsplit(request.headers.get("referer", ""))
    if page.netloc != request.headers.get("host") or not page.path.startswith("/"):
        return "/"
    path = "/" + page.path.lstrip("/\\")
    return f"{path}?{page.query}" if page.query else path

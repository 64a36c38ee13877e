"""The reader's choice of a language: this browser's, and that of whoever is signed in in it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect

from appliance.accounts.account import Access
from appliance.accounts.chosen_languages import ChosenLanguages
from appliance.accounts.sign_ins import SignIns
from appliance.conversations.conversation import Person
from appliance.errors import InvalidInput
from appliance.languages.templates import COOKIE, SpokenTemplates
from appliance.routes.cookies import sign_in_key
from appliance.sentences import say

_A_YEAR_SECONDS = 365 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class LanguageForm:
    """The code of the one that was chosen."""

    language: str = ""


@post("/language", include_in_schema=False, opt={"access": Access.ANYONE})
async def choose(
    request: HTMXRequest,
    sign_ins: NamedDependency[SignIns],
    chosen_languages: NamedDependency[ChosenLanguages],
    data: URLEncodedBody[LanguageForm],
) -> Redirect:
    """Remember it, and show the same page again."""
    templates = request.app.template_engine
    assert isinstance(templates, SpokenTemplates)
    if templates.languages.named(data.language) is None:
        raise InvalidInput(say("The box does not speak that language. Choose one of the list."))
    if signed_in := await sign_ins.who(sign_in_key(request)):
        await chosen_languages.keep(signed_in.person, data.language)
    cookie = _cookie(request, data.language)
    return Redirect(_page_before(request), status_code=303, cookies=[cookie])


async def own_language(
    request: HTMXRequest, chosen_languages: ChosenLanguages, person: Person
) -> list[Cookie]:
    """What a browser is told in which no language was chosen yet, when somebody signs in."""
    code = "" if COOKIE in request.cookies else await chosen_languages.of(person)
    return [_cookie(request, code)] if code else []


def _cookie(request: HTMXRequest, code: str) -> Cookie:
    return Cookie(
        COOKIE,
        value=code,
        max_age=_A_YEAR_SECONDS,
        secure=request.scope["scheme"] == "https",
        httponly=True,
        samesite="lax",
    )


def _page_before(request: Request[Any, Any, Any]) -> str:
    """The page of ours that the form stood on; the first one when the browser does not say."""
    page = urlsplit(request.headers.get("referer", ""))
    if page.netloc != request.headers.get("host"):
        return "/"
    # Two slashes would begin the name of another host.
    path = "/" + page.path.lstrip("/\\")
    return f"{path}?{page.query}" if page.query else path

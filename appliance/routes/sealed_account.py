"""Sealing one's account, unsealing it, and opening it when a cookie alone is not enough.

Plain forms, answered with the page that says what is so now.
"""

from dataclasses import dataclass, replace

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.plugins.htmx import ClientRefresh, HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Account
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.opening import Opening
from appliance.accounts.seal_changes import UNSEAL_WORDS, Change, SealChanges
from appliance.conversations.conversation import Person
from appliance.errors import Conflict, InvalidInput, TooManyTries
from appliance.routes.confirming import confirmation
from appliance.routes.cookies import address_of, visitor_of
from appliance.routes.fragments import Fragments, View, answer, whole_page
from appliance.routes.next_page import inside
from appliance.routes.page_views import Reader
from appliance.routes.seal_data import OpenPage, SealChangeView, SealPage
from appliance.routes.sign_in import NextPage


@dataclass(frozen=True, slots=True)
class SealForm:
    """The password, and the last group of the code that was shown."""

    password: str = ""
    confirmation: str = ""


@dataclass(frozen=True, slots=True)
class UnsealForm:
    """The password, and the words that confirm."""

    password: str = ""
    confirmation: str = ""


@dataclass(frozen=True, slots=True)
class OpenForm:
    """The password, and the recovery code if that is what is to open it."""

    password: str = ""
    code: str = ""
    next_page: str = "/"


@get("/account/seal", include_in_schema=False)
async def show(
    request: HTMXRequest,
    seal_changes: NamedDependency[SealChanges],
    account: NamedDependency[Account],
) -> Template | Response[str] | ClientRefresh:
    """How it is; for an open page how far the change has come."""
    change = seal_changes.last(account.person)
    if request.htmx and (change is None or change.is_over):
        return ClientRefresh()
    if request.htmx and change is not None:
        return answer(Fragments(request).html(_change_view(change)))
    return _page(_seal_page(request, account, change))


@post("/account/seal/code", status_code=200, include_in_schema=False)
async def show_code(
    request: HTMXRequest,
    seal_changes: NamedDependency[SealChanges],
    account: NamedDependency[Account],
) -> Template:
    """A recovery code, to be written down before anything is sealed."""
    return _page(_code_page(request, account, seal_changes))


@post("/account/seal", include_in_schema=False)
async def seal(
    request: HTMXRequest,
    opening: NamedDependency[Opening],
    seal_changes: NamedDependency[SealChanges],
    account: NamedDependency[Account],
    audit: NamedDependency[AuditLog],
    data: URLEncodedBody[SealForm],
) -> Template | Redirect:
    """Seal all there is, in the background."""
    try:
        await opening.check(account.person, data.password, visitor_of(request))
        await seal_changes.begin_sealing(account.person, data.password, data.confirmation)
    except (InvalidInput, Conflict, TooManyTries) as error:
        view = _code_page(request, account, seal_changes)
        return _refused(replace(view, refusal=error.sentence), error)
    await audit.note(None, Act.SEALED, account.person, "", address_of(request))
    return Redirect("/account/seal", status_code=303)


@post("/account/seal/removal", include_in_schema=False)
async def unseal(
    request: HTMXRequest,
    opening: NamedDependency[Opening],
    seal_changes: NamedDependency[SealChanges],
    account: NamedDependency[Account],
    audit: NamedDependency[AuditLog],
    data: URLEncodedBody[UnsealForm],
) -> Template | Redirect:
    """Unseal all there is, in the background."""
    try:
        await opening.check(account.person, data.password, visitor_of(request))
        typed = confirmation(request, data.confirmation, UNSEAL_WORDS)
        await seal_changes.begin_unsealing(account.person, typed)
    except (InvalidInput, Conflict, TooManyTries) as error:
        view = _seal_page(request, account, None)
        return _refused(replace(view, refusal=error.sentence), error)
    await audit.note(None, Act.UNSEALED, account.person, "", address_of(request))
    return Redirect("/account/seal", status_code=303)


@get("/account/opening", include_in_schema=False)
async def ask(
    request: HTMXRequest, person: NamedDependency[Person], next_page: NextPage = "/"
) -> Template:
    """What opens the account is asked for."""
    return _page(_open_page(request, person, next_page))


@post("/account/opening", include_in_schema=False)
async def open_it(
    request: HTMXRequest,
    opening: NamedDependency[Opening],
    person: NamedDependency[Person],
    data: URLEncodedBody[OpenForm],
) -> Template | Redirect:
    """Open it, and go where one wanted to."""
    visitor = visitor_of(request)
    try:
        if data.code:
            await opening.open_by_code(person, data.code, data.password, visitor)
        else:
            await opening.open(person, data.password, visitor)
    except (InvalidInput, TooManyTries) as error:
        view = _open_page(request, person, data.next_page)
        return _refused(replace(view, refusal=error.sentence), error)
    return Redirect(inside(data.next_page), status_code=303)


def _seal_page(request: HTMXRequest, account: Account, change: Change | None) -> SealPage:
    return SealPage(
        theme=Reader.of(request).theme,
        is_sealed=account.is_sealed,
        code=(),
        change=_change_view(change) if change else None,
        unseal_words=UNSEAL_WORDS,
    )


def _code_page(request: HTMXRequest, account: Account, seal_changes: SealChanges) -> SealPage:
    groups = tuple(seal_changes.offer(account.person).split("-"))
    return replace(_seal_page(request, account, None), code=() if account.is_sealed else groups)


def _open_page(request: HTMXRequest, person: Person, next_page: str) -> OpenPage:
    return OpenPage(Reader.of(request).theme, person.name, inside(next_page))


def _change_view(change: Change) -> SealChangeView:
    return SealChangeView(
        is_sealing=change.is_sealing,
        is_over=change.is_over,
        is_swept=change.is_swept,
        percent=change.percent,
        ended=change.ended,
    )


def _page(view: View) -> Template:
    page = whole_page(view)
    page.headers["Cache-Control"] = "no-store"
    return page


def _refused(view: View, error: InvalidInput | Conflict | TooManyTries) -> Template:
    page = _page(view)
    page.status_code = 409 if isinstance(error, Conflict) else 422
    if isinstance(error, TooManyTries):
        page.status_code = 429
        page.headers["Retry-After"] = str(error.retry_after_seconds)
    return page

"""Documents: putting them in, how far they are, reading them, taking them along, deleting them.

Plain pages and forms; what takes long goes on in the box, and the page shows how far it is.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, BinaryIO

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Stream, Template

from appliance.accounts.account import Account
from appliance.accounts.audit import Act
from appliance.conversations.conversation import Person
from appliance.conversations.service import ConversationService
from appliance.documents.intake import Intake
from appliance.documents.library import Library
from appliance.portable.file_names import attachment, file_name
from appliance.routes.document_data import AttachedView, DocumentListView, DocumentsView
from appliance.routes.document_upload import MOST_FORM_BYTES, DocumentForm
from appliance.routes.document_views import (
    attached_view,
    deleted_words,
    document_view,
    list_view,
)
from appliance.routes.fragments import Fragments, View, answer, partial, whole_page
from appliance.routes.news import news_of, page_of
from appliance.routes.noting import Noting
from appliance.routes.page_data import ClipView
from appliance.routes.page_views import Reader

PageNumber = Annotated[int, QueryParameter(name="page", ge=1, le=1_000_000)]
PassageNumber = Annotated[int, QueryParameter(name="passage", ge=0, le=1_000_000)]
PIECE_BYTES = 1 << 18


@get("/documents", include_in_schema=False)
async def show(
    request: HTMXRequest,
    library: NamedDependency[Library],
    intake: NamedDependency[Intake],
    account: NamedDependency[Account],
) -> Template:
    """The page, or what of it may have changed."""
    found = await library.list(account.person)
    view = list_view(library, intake, found, is_admin=account.is_admin)
    if request.htmx:
        return _page(view)
    return _page(_whole(request, library, account, view))


@post(
    "/documents",
    include_in_schema=False,
    request_max_body_size=MOST_FORM_BYTES,
    exclude_from_csrf=True,  # asked for in `DocumentForm`, which does not read everything first
)
async def create(
    request: HTMXRequest,
    library: NamedDependency[Library],
    intake: NamedDependency[Intake],
    service: NamedDependency[ConversationService],
    account: NamedDependency[Account],
    noting: NamedDependency[Noting],
) -> Response[str] | Redirect:
    """Take files in; by the time this answers all of them are on the disk, and are being read."""
    form = DocumentForm(request, library, account)
    await form.receive()
    if form.is_for_everybody:
        await noting.note(Act.DOCUMENT_ADDED)
    if not request.htmx or not form.conversation_id:
        place = f"/conversations/{form.conversation_id}" if form.conversation_id else "/documents"
        return Redirect(place, status_code=303)
    found = await library.of_conversation(account.person, form.conversation_id)
    view = attached_view(library, intake, found, form.conversation_id)
    if form.is_new_conversation:
        return await _begun(request, service, account.person, form.conversation_id, view)
    return answer(*_attached(Fragments(request), view))


@get("/conversations/{conversation_id:str}/documents", include_in_schema=False)
async def attached(
    request: HTMXRequest,
    library: NamedDependency[Library],
    intake: NamedDependency[Intake],
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
) -> Template:
    """Those of one conversation, as its page lists them."""
    found = await library.of_conversation(person, conversation_id)
    return _page(attached_view(library, intake, found, conversation_id))


@get("/documents/{document_id:str}", include_in_schema=False)
async def read(
    request: HTMXRequest,
    library: NamedDependency[Library],
    account: NamedDependency[Account],
    document_id: FromPath[str],
    page_number: PageNumber = 1,
    passage: PassageNumber = 0,
) -> Template:
    """What stands in it: the page asked for, or that with the passage."""
    opened = await library.open(account.person, document_id, page_number, passage)
    theme = Reader.of(request).theme
    return _page(document_view(theme, opened, is_admin=account.is_admin))


@get("/documents/{document_id:str}/file", include_in_schema=False)
async def take(
    library: NamedDependency[Library],
    person: NamedDependency[Person],
    document_id: FromPath[str],
) -> Stream:
    """The file as it came. No browser shows it: nobody knows what it does there."""
    found, file = await library.file(person, document_id)
    name = attachment(file_name(found.name))
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return Stream(_pieces(file), media_type="application/octet-stream", headers=headers)


@post("/documents/{document_id:str}/deletion", status_code=200, include_in_schema=False)
async def delete(
    request: HTMXRequest,
    library: NamedDependency[Library],
    intake: NamedDependency[Intake],
    account: NamedDependency[Account],
    noting: NamedDependency[Noting],
    document_id: FromPath[str],
) -> Template:
    """Delete it for good, and say how much went."""
    gone = await library.delete(account.person, document_id, is_admin=account.is_admin)
    if gone.is_everybodys:
        await noting.note(Act.DOCUMENT_REMOVED, gone.name)
    found = await library.list(account.person)
    view = list_view(library, intake, found, is_admin=account.is_admin)
    return _page(_whole(request, library, account, view, deleted_words(gone)))


def _attached(fragments: Fragments, view: AttachedView) -> tuple[str, ...]:
    """The list above the composer, and a clip that holds no file any more."""
    clip = fragments.instead_of("clip", ClipView())
    return (fragments.changed("attached", view), clip, partial("notice", "innerHTML"))


async def _begun(
    request: HTMXRequest,
    service: ConversationService,
    person: Person,
    conversation_id: str,
    view: AttachedView,
) -> Response[str]:
    """The open page shows the conversation that began with documents."""
    opened = await service.open_conversation(person, conversation_id)
    page, fragments = await page_of(request, service, person, opened), Fragments(request)
    news = (
        fragments.into("composer-ids", page.ids),
        fragments.into("temporary", page.temporary),
        *_attached(fragments, view),
    )
    return news_of(request, page, *news, replace_url=f"/conversations/{conversation_id}")


def _whole(
    request: HTMXRequest, library: Library, account: Account, view: DocumentListView, done: str = ""
) -> DocumentsView:
    return DocumentsView(
        theme=Reader.of(request).theme,
        documents=view,
        is_admin=account.is_admin,
        is_sealed=account.is_sealed,
        most_mb=library.limits.file_bytes // 10**6,
        done=done,
    )


def _page(view: View) -> Template:
    page = whole_page(view)
    page.headers["Cache-Control"] = "no-store"
    return page


async def _pieces(file: BinaryIO) -> AsyncGenerator[bytes, None]:
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece

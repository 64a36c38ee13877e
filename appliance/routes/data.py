"""Your data: taking it along, bringing it in, deleting all of it."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Stream, Template

from appliance.accounts.audit import Act, AuditLog
from appliance.conversations.conversation import Person
from appliance.errors import NotFound
from appliance.portable.belongings import CONFIRMATION, Belongings
from appliance.portable.file_names import attachment
from appliance.portable.imports import Imports
from appliance.portable.takeout import Kind, TakenFile, Takeout
from appliance.routes.confirming import confirmation
from appliance.routes.cookies import address_of
from appliance.routes.data_views import data_view, deleted_view, import_view
from appliance.routes.fragments import Fragments, View, answer, whole_page
from appliance.routes.page_views import Reader
from appliance.routes.uploads import MAX_UPLOAD_BYTES, uploaded_file
from appliance.sentences import say


@dataclass(frozen=True, slots=True)
class DeletionForm:
    """What was typed to confirm."""

    confirmation: str = ""


@get("/data", include_in_schema=False)
async def show(
    request: HTMXRequest,
    belongings: NamedDependency[Belongings],
    person: NamedDependency[Person],
) -> Template:
    """How much there is, and what can be done with it."""
    held = await belongings.count(person)
    return _page(data_view(Reader.of(request).theme, held))


@get("/data/exports/{kind:str}", include_in_schema=False, opt={"scope": "read"})
async def take_everything(
    request: HTMXRequest,
    takeout: NamedDependency[Takeout],
    person: NamedDependency[Person],
    audit: NamedDependency[AuditLog],
    kind: FromPath[str],
) -> Stream:
    """All conversations: `zip` for people and machines, `json` for machines alone."""
    if kind not in ("zip", "json"):
        raise NotFound(say("There is no such export. Choose zip or json."))
    await audit.note(None, Act.EXPORTED, person, "", address_of(request))
    make = takeout.everything if kind == "zip" else takeout.all_as_json
    return _download(await make(person))


@get(
    "/conversations/{conversation_id:str}/exports/{kind:str}",
    include_in_schema=False,
    opt={"scope": "read"},
)
async def take_conversation(
    request: HTMXRequest,
    takeout: NamedDependency[Takeout],
    person: NamedDependency[Person],
    audit: NamedDependency[AuditLog],
    conversation_id: FromPath[str],
    kind: FromPath[str],
) -> Stream:
    """One conversation: `markdown` to read, `json` for machines."""
    if kind not in set(Kind):
        raise NotFound(say("There is no such export. Choose markdown or json."))
    taken = await takeout.conversation(person, conversation_id, Kind(kind))
    await audit.note(None, Act.EXPORTED, person, "", address_of(request))
    return _download(taken)


@post(
    "/imports",
    include_in_schema=False,
    request_max_body_size=MAX_UPLOAD_BYTES,
    exclude_from_csrf=True,  # asked for in `uploaded_file`, which does not read everything first
)
async def create_import(
    request: HTMXRequest,
    imports: NamedDependency[Imports],
    person: NamedDependency[Person],
    audit: NamedDependency[AuditLog],
) -> Redirect:
    """Take a file in; by the time this answers it is known to be an export, and on its way."""
    imports.ensure_idle(person)
    file = await uploaded_file(request, imports.directory)
    begun = await imports.start(person, file)
    await audit.note(None, Act.IMPORTED, person, "", address_of(request))
    return Redirect(f"/imports/{begun.import_id}", status_code=303)


@get("/imports/{import_id:str}", include_in_schema=False)
async def show_import(
    request: HTMXRequest,
    belongings: NamedDependency[Belongings],
    imports: NamedDependency[Imports],
    person: NamedDependency[Person],
    import_id: FromPath[str],
) -> Template | Response[str]:
    """How an import stands: a page, or the piece of it that changes."""
    found = imports.find(person, import_id)
    if request.htmx:
        return answer(Fragments(request).html(import_view(found)))
    held = await belongings.count(person)
    return _page(data_view(Reader.of(request).theme, held, found))


@post("/data/deletions", status_code=200, include_in_schema=False)
async def delete_everything(
    request: HTMXRequest,
    belongings: NamedDependency[Belongings],
    person: NamedDependency[Person],
    audit: NamedDependency[AuditLog],
    data: URLEncodedBody[DeletionForm],
) -> Template:
    """Delete all there is, and say how much it was."""
    typed = confirmation(request, data.confirmation, CONFIRMATION)
    receipt = await belongings.delete_all(person, typed)
    await audit.note(None, Act.DELETED_EVERYTHING, person, "", address_of(request))
    held = await belongings.count(person)
    return _page(deleted_view(Reader.of(request).theme, held, receipt))


def _page(view: View) -> Template:
    page = whole_page(view)
    page.headers["Cache-Control"] = "no-store"
    return page


def _download(taken: TakenFile) -> Stream:
    headers = {"Content-Disposition": attachment(taken.name), "Cache-Control": "no-store"}
    return Stream(taken.pieces, media_type=taken.media_type, headers=headers)

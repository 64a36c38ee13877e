"""Where conversations stand: the pages that list them, pins, the archive, folders.

The forms of the pages work without scripts: they are answered with the page to go to.
"""

from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.conversations.conversation import Person
from appliance.conversations.service import ConversationService
from appliance.conversations.shelf import Placing, Shelf
from appliance.errors import InvalidInput
from appliance.routes.fragments import Fragments, answer, whole_page
from appliance.routes.page_views import Reader, header_view, list_view
from appliance.routes.shelf_views import place_view, shelf_page_view
from appliance.sentences import say

FolderId = Annotated[str, QueryParameter(name="folder", max_length=64)]
AfterId = Annotated[str, QueryParameter(name="after", max_length=64)]
Archived = Annotated[str, QueryParameter(name="archived", max_length=3)]


@dataclass(frozen=True, slots=True)
class PlaceForm:
    """What a menu or the folder dialog sends: yes, no, or nothing about it. Not `recalled` is left
    out of recall.
    """

    pinned: str = ""
    archived: str = ""
    folder: str | None = None
    new_folder: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True)
class FolderForm:
    """The name of a folder."""

    name: str


@get("/conversations", include_in_schema=False)
async def listing(
    request: HTMXRequest,
    shelf: NamedDependency[Shelf],
    service: NamedDependency[ConversationService],
    person: NamedDependency[Person],
    folder_id: FolderId = "",
    after_id: AfterId = "",
    archived: Archived = "",
) -> Template:
    """All conversations, those of a folder, or the archive; newest first."""
    is_archive = archived == "yes"
    found = await shelf.page(person, archived=is_archive, folder_id=folder_id, after_id=after_id)
    conversations = await service.list_conversations(person)
    page = whole_page(shelf_page_view(Reader.of(request), conversations, found, is_archive))
    page.headers["Cache-Control"] = "no-store"
    return page


@get("/conversations/{conversation_id:str}/place", include_in_schema=False)
async def choice(
    request: HTMXRequest,
    shelf: NamedDependency[Shelf],
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
) -> Response[str]:
    """The choice of a folder, for the dialog."""
    conversation, folders = await shelf.find(person, conversation_id)
    return answer(Fragments(request).html(place_view(conversation, folders)))


@post("/conversations/{conversation_id:str}/place", status_code=200, include_in_schema=False)
async def place(
    request: HTMXRequest,
    shelf: NamedDependency[Shelf],
    service: NamedDependency[ConversationService],
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
    data: URLEncodedBody[PlaceForm],
) -> Response[str] | Redirect:
    """Pin it, put it away or into a folder; or the other way round."""
    placing = Placing(
        *(_yes(data.pinned), _yes(data.archived), data.folder, data.new_folder, _yes(data.recalled))
    )
    conversation = await shelf.place(person, conversation_id, placing)
    if not request.htmx:
        return Redirect(f"/conversations/{conversation_id}", status_code=303)
    listed = await service.list_conversations(person)
    fragments, reader = Fragments(request), Reader.of(request)
    header = header_view(reader, service.box_status(), conversation)
    return answer(
        fragments.changed_inside("header", header),
        fragments.changed_inside("conversations", list_view(reader, listed, conversation)),
    )


@post("/folders", include_in_schema=False)
async def make_folder(
    shelf: NamedDependency[Shelf],
    person: NamedDependency[Person],
    data: URLEncodedBody[FolderForm],
) -> Redirect:
    """A new folder, or the one of that name."""
    folder = await shelf.make_folder(person, data.name)
    return Redirect(f"/conversations?folder={folder.folder_id}", status_code=303)


@post("/folders/{folder_id:str}", include_in_schema=False)
async def rename_folder(
    shelf: NamedDependency[Shelf],
    person: NamedDependency[Person],
    folder_id: FromPath[str],
    data: URLEncodedBody[FolderForm],
) -> Redirect:
    """Give it another name."""
    await shelf.rename_folder(person, folder_id, data.name)
    return Redirect(f"/conversations?folder={folder_id}", status_code=303)


@post("/folders/{folder_id:str}/deletion", include_in_schema=False)
async def delete_folder(
    shelf: NamedDependency[Shelf], person: NamedDependency[Person], folder_id: FromPath[str]
) -> Redirect:
    """Delete the folder; what is in it stays."""
    await shelf.delete_folder(person, folder_id)
    return Redirect("/conversations", status_code=303)


def _yes(word: str) -> bool | None:
    if word not in ("", "yes", "no"):
        raise InvalidInput(
            say("The box could not read this request. Reload the page and try again.")
        )
    return None if not word else word == "yes"

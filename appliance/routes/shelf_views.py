"""The pages that list conversations: all of them, the archive, a folder."""

from collections.abc import Sequence
from urllib.parse import urlencode

from appliance.conversations.conversation import Conversation, Folder
from appliance.conversations.shelf import ShelfPage
from appliance.routes import local_time
from appliance.routes.finding_data import FolderLink, PlaceView, ShelfPageView, ShelfRow
from appliance.routes.page_data import HeadView, SearchField, SidebarView
from appliance.routes.page_views import Reader, list_view
from appliance.sentences import say


def shelf_page_view(
    reader: Reader, conversations: Sequence[Conversation], page: ShelfPage, is_archive: bool
) -> ShelfPageView:
    """One page of what stands there, and the way to the next."""
    folder_id = page.folder.folder_id if page.folder else ""
    heading = say("Archive") if is_archive else say("All conversations")
    return ShelfPageView(
        head=HeadView(page.folder.name if page.folder else heading),
        theme=reader.theme,
        sidebar=SidebarView(list_view(reader, conversations, None), SearchField()),
        heading=page.folder.name if page.folder else heading,
        empty_words=_empty_words(page.folder, is_archive),
        is_archive=is_archive,
        folder_id=folder_id,
        folders=_folder_links(page.folders, page.folder),
        rows=tuple(_row(reader, each) for each in page.conversations),
        older_url=_older_url(page, folder_id, is_archive) if page.has_more else "",
    )


def place_view(conversation: Conversation, folders: Sequence[Folder]) -> PlaceView:
    """The choice of a folder."""
    return PlaceView(conversation.conversation_id, _folder_links(folders, conversation.folder))


def _folder_links(folders: Sequence[Folder], current: Folder | None) -> tuple[FolderLink, ...]:
    return tuple(FolderLink(each.folder_id, each.name, each == current) for each in folders)


def _row(reader: Reader, conversation: Conversation) -> ShelfRow:
    day = local_time.day_of(conversation.updated_at, reader.zone)
    return ShelfRow(
        conversation.conversation_id, conversation.title, local_time.day_words(day, reader.today)
    )


def _empty_words(folder: Folder | None, is_archive: bool) -> str:
    if folder is not None:
        return say("This folder is empty. A conversation's menu puts it here.")
    if is_archive:
        return say("Nothing is put away here. A conversation's menu does that.")
    return say("Your conversations will be listed here.")


def _older_url(page: ShelfPage, folder_id: str, is_archive: bool) -> str:
    query = {"after": page.conversations[-1].conversation_id}
    if folder_id:
        query["folder"] = folder_id
    if is_archive:
        query["archived"] = "yes"
    return f"/conversations?{urlencode(query)}"

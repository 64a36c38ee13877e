"""Documents as they are shown, made from what the library knows."""

from collections.abc import Iterable

from appliance.documents.document import Document, DocumentState, OpenDocument
from appliance.documents.intake import Intake, Progress
from appliance.documents.library import Library
from appliance.routes.document_data import (
    AttachedView,
    DocumentListView,
    DocumentRow,
    DocumentView,
    PassageView,
)
from appliance.routes.sizes import size_words
from appliance.sentences import row, said_before, say, say_counted

KINDS = {
    "pdf": "PDF",
    "docx": "DOCX",
    "epub": "EPUB",
    "html": "HTML",
    "markdown": "Markdown",
    "csv": "CSV",
    "text": say("Plain text"),
}


def list_view(
    library: Library, intake: Intake, found: Iterable[Document], *, is_admin: bool
) -> DocumentListView:
    """All that a person sees."""
    rows = tuple(_row(each, library, intake, is_admin) for each in found)
    return DocumentListView(rows, intake.trouble if any(each.is_busy for each in rows) else "")


def attached_view(
    library: Library, intake: Intake, found: Iterable[Document], conversation_id: str
) -> AttachedView:
    """Those of one conversation."""
    rows = tuple(_row(each, library, intake, False) for each in found)
    return AttachedView(conversation_id, rows, any(each.is_busy for each in rows))


def document_view(theme: str, opened: OpenDocument, *, is_admin: bool) -> DocumentView:
    """One that is read."""
    found, path = opened.document, f"/documents/{opened.document.document_id}"
    page: int | None = None
    heading = ""
    passages = []
    for each in opened.passages:
        is_new_page = each.passage.page != page
        page = each.passage.page
        is_new_heading = each.passage.heading != heading
        heading = each.passage.heading
        passages.append(
            PassageView(
                each.number,
                page if is_new_page else None,
                heading if is_new_heading else "",
                each.passage.text,
            )
        )
    return DocumentView(
        theme=theme,
        document_id=found.document_id,
        name=found.name,
        words=_read_words(found) if found.state is DocumentState.READY else _waits(found),
        trouble=said_before(found.why) if found.why else "",
        passages=tuple(passages),
        number=opened.at,
        count=opened.count,
        earlier_url=f"{path}?page={opened.at - 1}" if opened.at > 1 else "",
        later_url=f"{path}?page={opened.at + 1}" if opened.at < opened.count else "",
        conversation_id=found.conversation_id or "",
        conversation_title=found.conversation_title,
        is_everybodys=found.is_everybodys,
        can_delete=is_admin or not found.is_everybodys,
    )


def deleted_words(found: Document) -> str:
    """The receipt."""
    return say_counted(
        "Deleted for good: %(name)s, with its file and %(num)s passage.",
        "Deleted for good: %(name)s, with its file and %(num)s passages.",
        found.passages,
        name=found.name,
    )


def _row(found: Document, library: Library, intake: Intake, is_admin: bool) -> DocumentRow:
    progress = intake.progress
    if progress is not None and progress.document_id != found.document_id:
        progress = None
    percent, words = _state(found, library.percent_received(found.document_id), progress)
    return DocumentRow(
        document_id=found.document_id,
        name=found.name,
        words=words,
        trouble=said_before(found.why) if found.why else "",
        is_busy=not found.state.is_final,
        percent=percent,
        can_open=found.state is DocumentState.READY,
        is_everybodys=found.is_everybodys,
        can_delete=is_admin or not found.is_everybodys,
        conversation_id=found.conversation_id or "",
        conversation_title=found.conversation_title,
    )


def _state(found: Document, received: int, progress: Progress | None) -> tuple[int | None, str]:
    """How far it is, in percent and in words."""
    match found.state:
        case DocumentState.RECEIVING:
            return received, say("Being received: %(percent)s %%", percent=received)
        case DocumentState.READING if progress is not None and progress.of_pages:
            words = say(
                "Being read: page %(page)s of %(pages)s",
                page=progress.pages,
                pages=progress.of_pages,
            )
            return progress.percent, words
        case DocumentState.READING:
            return None, say("Being read")
        case DocumentState.WAITING:
            return None, _waits(found)
        case DocumentState.REFUSED:
            return None, say("Not taken in")
        case DocumentState.READY:
            return None, _read_words(found)


def _waits(found: Document) -> str:
    return say("Not taken in") if found.state is DocumentState.REFUSED else say("Waits to be read")


def _read_words(found: Document) -> str:
    """What it is: its kind, its pages, its passages, its size; and how much of it is indexed."""
    parts = [KINDS.get(found.kind, "")]
    if found.pages:
        parts.append(say_counted("%(num)s page", "%(num)s pages", found.pages))
    parts.append(say_counted("%(num)s passage", "%(num)s passages", found.passages))
    parts.append(size_words(found.size_bytes))
    if 0 < found.embedded < found.passages:
        percent = 100 * found.embedded // found.passages
        parts.append(say("%(percent)s %% indexed by meaning", percent=percent))
    return row([part for part in parts if part])

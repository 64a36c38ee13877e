"""What a person may do with a message: say it in another way, switch to its branch, delete it."""

from dataclasses import dataclass

import litestar
from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect

from appliance.conversations.branches import Branches
from appliance.conversations.conversation import Person, new_id
from appliance.conversations.deleted import PairDeleted
from appliance.conversations.service import ConversationService
from appliance.routes.fragments import Fragments, answer, partial
from appliance.routes.message_data import EditView
from appliance.routes.news import after_act, begun, blank_page
from appliance.routes.page_data import ReceiptView
from appliance.sentences import row, say, say_counted


@dataclass(frozen=True, slots=True)
class EditForm:
    """The message as it shall be; its `client_message_id` makes sending it twice harmless."""

    content: str
    client_message_id: str


@get("/messages/{message_id:str}/edit", include_in_schema=False)
async def edit_form(
    request: HTMXRequest,
    branches: NamedDependency[Branches],
    person: NamedDependency[Person],
    message_id: FromPath[str],
) -> Response[str]:
    """The message in a field, to be put in its place."""
    message = await branches.find_own_message(person, message_id)
    view = EditView(message.message_id, message.content, new_id())
    return answer(Fragments(request).html(view))


@post("/messages/{message_id:str}/edits", include_in_schema=False, opt={"asks_model": True})
async def edit(
    request: HTMXRequest,
    service: NamedDependency[ConversationService],
    branches: NamedDependency[Branches],
    person: NamedDependency[Person],
    message_id: FromPath[str],
    data: URLEncodedBody[EditForm],
) -> Response[str] | Redirect:
    """Another message beside the old one; by the time this answers, it is safe on the disk."""
    started = await branches.edit(person, message_id, data.content, data.client_message_id)
    return await begun(request, service, person, started)


@put("/conversations/{conversation_id:str}/branches/{message_id:str}", include_in_schema=False)
async def show(
    request: HTMXRequest,
    service: NamedDependency[ConversationService],
    branches: NamedDependency[Branches],
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
    message_id: FromPath[str],
) -> Response[str]:
    """Read the branch that holds this message."""
    await branches.show(person, conversation_id, message_id)
    announced = Fragments(request).words_into("announce", say("Another version is shown."))
    more = (partial("notice", "innerHTML"), announced)
    return await after_act(request, service, person, conversation_id, message_id, *more)


@litestar.delete("/messages/{message_id:str}", status_code=200, include_in_schema=False)
async def delete_pair(
    request: HTMXRequest,
    service: NamedDependency[ConversationService],
    branches: NamedDependency[Branches],
    person: NamedDependency[Person],
    message_id: FromPath[str],
) -> Response[str]:
    """Delete a message with the replies to it for good, and say how much went."""
    deleted = await branches.delete_pair(person, message_id)
    words = _receipt_words(deleted)
    conversation_id = deleted.conversation_id
    if deleted.conversation is None:
        return await blank_page(request, service, person, words, conversation_id)
    receipt = Fragments(request).into("notice", ReceiptView(words))
    at_id = deleted.before_id or ""
    return await after_act(request, service, person, conversation_id, at_id, receipt)


def _receipt_words(deleted: PairDeleted) -> str:
    gone = [_gone_words(deleted)]
    if links := deleted.receipt.shared_links:
        gone.append(
            say_counted(
                "%(num)s shared link that showed it is gone, too.",
                "%(num)s shared links that showed it are gone, too.",
                links,
            )
        )
    if facts := deleted.receipt.facts:
        gone.append(
            say_counted(
                "%(num)s fact that was remembered from it is gone, too.",
                "%(num)s facts that were remembered from it are gone, too.",
                facts,
            )
        )
    return row(gone, " ")


def _gone_words(deleted: PairDeleted) -> str:
    replies = deleted.receipt.messages - 1
    counted = say_counted("%(num)s reply", "%(num)s replies", replies)
    is_all = deleted.conversation is None
    if replies and is_all:
        return say(
            "Deleted for good: 1 message and %(replies)s, and with it the conversation.",
            replies=counted,
        )
    if replies:
        return say("Deleted for good: 1 message and %(replies)s.", replies=counted)
    if is_all:
        return say("Deleted for good: 1 message, and with it the conversation.")
    return say("Deleted for good: 1 message.")

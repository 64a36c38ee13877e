"""Renaming and deleting a conversation."""

from dataclasses import dataclass

import litestar
from litestar import Response, patch
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest

from appliance.conversations.conversation import Person
from appliance.conversations.service import ConversationService
from appliance.portable.words import gone_words
from appliance.routes.fragments import Fragments, answer
from appliance.routes.news import blank_page
from appliance.routes.page_views import Reader, header_view, list_view


@dataclass(frozen=True, slots=True)
class TitleForm:
    """What the rename form sends."""

    title: str


@patch("/conversations/{conversation_id:str}", include_in_schema=False)
async def rename(
    request: HTMXRequest,
    service: NamedDependency[ConversationService],
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
    data: URLEncodedBody[TitleForm],
) -> Response[str]:
    """Give it another title."""
    conversation = await service.rename_conversation(person, conversation_id, data.title)
    conversations = await service.list_conversations(person)
    fragments, reader = Fragments(request), Reader.of(request)
    header = header_view(reader, service.box_status(), conversation)
    listed = list_view(reader, conversations, conversation)
    return answer(
        fragments.changed_inside("header", header),
        fragments.changed_inside("conversations", listed),
        tab_title=fragments.said(header.title),
    )


@litestar.delete("/conversations/{conversation_id:str}", status_code=200, include_in_schema=False)
async def delete(
    request: HTMXRequest,
    service: NamedDependency[ConversationService],
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
) -> Response[str]:
    """Delete it for good, and say how much went."""
    receipt = await service.delete_conversation(person, conversation_id)
    return await blank_page(request, service, person, gone_words(receipt), conversation_id)

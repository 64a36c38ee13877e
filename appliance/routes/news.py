"""Bringing an open page up to date, region by region, without touching what is being written."""

from litestar import Response
from litestar.plugins.htmx import HTMXRequest

from appliance.conversations.conversation import Person
from appliance.conversations.service import ConversationService
from appliance.routes.fragments import Fragments, answer
from appliance.routes.page_data import PageView
from appliance.routes.page_views import Reader, blank_view, page_view


def news_of(request: HTMXRequest, page: PageView) -> Response[str]:
    """Every region that another tab, or the box itself, may have changed."""
    fragments = Fragments(request)
    conversation_id = page.header.conversation_id
    return answer(
        # With no conversation open there is nothing that another tab could have changed.
        fragments.changed_inside("messages", page.messages) if conversation_id else "",
        fragments.changed_inside("conversations", page.conversations),
        fragments.changed_inside("header", page.header),
        fragments.into("box", page.box),
        fragments.instead_of("action", page.action),
        fragments.instead_of("sync", page.sync),
        tab_title=page.tab_title,
    )


async def blank_page(
    request: HTMXRequest, service: ConversationService, person: Person, notice: str
) -> Response[str]:
    """Makes an open page the empty one; the composer keeps its text."""
    conversations = await service.list_conversations(person)
    page = page_view(Reader.of(request), service.box_status(), conversations)
    fragments = Fragments(request)
    return answer(
        fragments.into("messages", blank_view(notice)),
        fragments.changed_inside("conversations", page.conversations),
        fragments.into("header", page.header),
        fragments.into("composer-ids", page.ids),
        fragments.instead_of("action", page.action),
        fragments.instead_of("sync", page.sync),
        tab_title=page.tab_title,
        push_url="/",
    )

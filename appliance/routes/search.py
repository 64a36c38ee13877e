"""Search over all of a person's conversations; an ordinary page, with or without scripts."""

import asyncio
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template

from appliance.conversations.conversation import Person
from appliance.conversations.search import MOST_PAGES, Search
from appliance.conversations.service import ConversationService
from appliance.routes.fragments import whole_page
from appliance.routes.page_views import Reader
from appliance.routes.search_views import search_page_view

Question = Annotated[str, QueryParameter(name="q")]
PageNumber = Annotated[int, QueryParameter(name="page", ge=1, le=MOST_PAGES)]


@get("/search", include_in_schema=False)
async def show(
    request: HTMXRequest,
    search: NamedDependency[Search],
    service: NamedDependency[ConversationService],
    person: NamedDependency[Person],
    question: Question = "",
    number: PageNumber = 1,
) -> Template:
    """What was found, best first."""
    findings = await search.find(person, question, number)
    conversations = await service.list_conversations(person)
    # Long texts are looked through for the words: not where everybody waits.
    view = await asyncio.to_thread(
        search_page_view, Reader.of(request), conversations, question, number, findings
    )
    page = whole_page(view)
    page.headers["Cache-Control"] = "no-store"
    return page

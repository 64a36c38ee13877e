"""The summaries of a conversation on a page of their own, and what its forms do.

Plain forms: nothing moves while somebody writes, and they work without scripts.
"""

from dataclasses import dataclass

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.conversations.conversation import Person, Summary
from appliance.conversations.summaries import Summaries
from appliance.routes.fragments import whole_page
from appliance.routes.page_views import Reader
from appliance.routes.summary_views import summaries_page, url_of


@dataclass(frozen=True, slots=True)
class SummaryForm:
    """What the form of a summary sends, whichever of its buttons was pressed."""

    content: str = ""


@get("/conversations/{conversation_id:str}/summary", include_in_schema=False)
async def show(
    request: HTMXRequest,
    summaries: NamedDependency[Summaries],
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
) -> Template:
    """What the model reads for the earlier part of this conversation."""
    opened = await summaries.open(person, conversation_id)
    reader = Reader.of(request)
    page = whole_page(summaries_page(opened, reader.today, reader.zone, reader.theme))
    page.headers["Cache-Control"] = "no-store"
    return page


@post("/summaries/{summary_id:str}", include_in_schema=False)
async def edit(
    summaries: NamedDependency[Summaries],
    person: NamedDependency[Person],
    summary_id: FromPath[str],
    data: URLEncodedBody[SummaryForm],
) -> Redirect:
    """The person's own words in its place."""
    return _back(await summaries.edit(person, summary_id, data.content))


@post("/summaries/{summary_id:str}/deletion", include_in_schema=False)
async def delete(
    summaries: NamedDependency[Summaries],
    person: NamedDependency[Person],
    summary_id: FromPath[str],
) -> Redirect:
    """Delete its words for good."""
    return _back(await summaries.delete(person, summary_id))


@post("/summaries/{summary_id:str}/renewal", include_in_schema=False, opt={"asks_model": True})
async def renew(
    summaries: NamedDependency[Summaries],
    person: NamedDependency[Person],
    summary_id: FromPath[str],
) -> Redirect:
    """Have the model write it again."""
    return _back(await summaries.renew(person, summary_id))


def _back(summary: Summary) -> Redirect:
    return Redirect(url_of(summary.conversation_id), status_code=303)

"""What the box remembers about a person, on a page of its own, and what its forms do.

Plain forms, answered with the page that says what was done; they work without scripts.
"""

from dataclasses import dataclass

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template

from appliance.conversations.conversation import Person
from appliance.conversations.facts import Facts
from appliance.errors import InvalidInput
from appliance.routes.fact_views import facts_page
from appliance.routes.fragments import whole_page
from appliance.routes.page_views import Reader


@dataclass(frozen=True, slots=True)
class FactForm:
    """The words of a fact, whichever of its buttons was pressed."""

    content: str = ""


@dataclass(frozen=True, slots=True)
class FactsUseForm:
    """Which facts the model may read."""

    use: str = ""


@get("/account/facts", include_in_schema=False)
async def show(
    request: HTMXRequest, facts: NamedDependency[Facts], person: NamedDependency[Person]
) -> Template:
    """The page."""
    return await _page(request, facts, person)


@post("/account/facts/use", status_code=200, include_in_schema=False)
async def choose(
    request: HTMXRequest,
    facts: NamedDependency[Facts],
    person: NamedDependency[Person],
    data: URLEncodedBody[FactsUseForm],
) -> Template:
    """All that the box is sure of, only what was confirmed, or nothing."""
    await facts.choose(person, data.use)
    return await _page(request, facts, person, done="use")


@post("/account/facts/{fact_id:str}", status_code=200, include_in_schema=False)
async def rewrite(
    request: HTMXRequest,
    facts: NamedDependency[Facts],
    person: NamedDependency[Person],
    fact_id: FromPath[str],
    data: URLEncodedBody[FactForm],
) -> Template:
    """The person's own words in its place."""
    try:
        await facts.rewrite(person, fact_id, data.content)
    except InvalidInput as error:
        page = await _page(request, facts, person, refusal=error.sentence)
        page.status_code = 422
        return page
    return await _page(request, facts, person, done="rewritten")


@post("/account/facts/{fact_id:str}/confirmation", status_code=200, include_in_schema=False)
async def confirm(
    request: HTMXRequest,
    facts: NamedDependency[Facts],
    person: NamedDependency[Person],
    fact_id: FromPath[str],
) -> Template:
    """So it is."""
    await facts.confirm(person, fact_id)
    return await _page(request, facts, person, done="confirmed")


@post("/account/facts/{fact_id:str}/deletion", status_code=200, include_in_schema=False)
async def delete(
    request: HTMXRequest,
    facts: NamedDependency[Facts],
    person: NamedDependency[Person],
    fact_id: FromPath[str],
) -> Template:
    """Delete it for good."""
    await facts.delete(person, fact_id)
    return await _page(request, facts, person, done="deleted")


async def _page(
    request: HTMXRequest, facts: Facts, person: Person, done: str = "", refusal: str = ""
) -> Template:
    known = await facts.open(person)
    page = whole_page(facts_page(Reader.of(request), known, done, refusal))
    page.headers["Cache-Control"] = "no-store"
    return page

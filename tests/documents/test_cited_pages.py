"""A question that a long document answers: the real small model is given the right page to read,
and its reply names it.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest
from benchmark import document_pages
from benchmark.pdf_file import pdf
from conversation_steps import exchange
from httpx import ASGITransport, AsyncClient
from signed_in import sign_in

from appliance.app import create_app
from appliance.documents.document import Place
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

pytestmark = pytest.mark.model
PAGES = 24
CITED = re.compile(r'<li><a href="(/documents/[^"]+)"[^>]*>([^<]+)</a></li>')


@pytest.fixture(scope="module")
def book() -> bytes:
    return pdf(document_pages.pages(PAGES))


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    settings = Settings(
        data_dir=tmp_path,
        hot={"embedded": False},
        limits={"reply_tokens": 16},
        assistant={"titles": False, "summaries": False, "facts": False},
    )
    async with open_box(settings) as box:
        await box.generations.wait_ready()
        yield box


async def put(box: Box, content: bytes, name: str) -> None:
    place = Place(box.person.person_key)
    async with box.documents.library.receiving(place, name, len(content)) as arrival:
        await arrival.take(content)
    async with asyncio.timeout(90):
        await box.documents.intake.wait_idle()
        await box.recall.indexer.wait_idle()


async def test_a_reply_names_the_page_that_answers_and_the_link_opens_it(
    box: Box, book: bytes
) -> None:
    await put(box, book, "Workshops.pdf")
    cookies = await sign_in(box)
    transport = ASGITransport(create_app(box, 80))
    async with AsyncClient(
        transport=transport, base_url="http://localhost", cookies=cookies
    ) as browser:
        for question, page in document_pages.questions(PAGES, 3):
            started = await exchange(box, question)
            shown = await browser.get(f"/conversations/{started.conversation.conversation_id}")
            links = [(unescape(url), text) for url, text in CITED.findall(shown.text)]
            assert links, shown.text
            url, text = links[0]
            assert text == f"Workshops.pdf · Page {page}"
            opened = await browser.get(url)
            passage = url.split("#")[1]
            assert opened.status_code == 200 and f'id="{passage}"' in opened.text
            at = opened.text.index(f'id="{passage}"')
            name = question.split("key of ")[1].split("'s")[0]
            assert f"belongs to {name}" in " ".join(opened.text[at : at + 3000].split())


async def test_a_document_without_pages_is_named_alone(box: Box) -> None:
    text = "The valve for the garden tap is in the cellar, to the left of the boiler."
    await put(box, text.encode(), "House.txt")
    started = await exchange(box, "Where is the valve for the garden tap?")
    opened = await box.desk.service.open_conversation(
        box.person, started.conversation.conversation_id
    )
    ((source,),) = opened.recalled.values()
    assert (source.title, source.passage, source.page) == ("House.txt", 1, None)

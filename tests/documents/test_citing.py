"""A question finds the page that answers it, by the real embedding model, and nobody else's."""

from collections.abc import AsyncIterator

import papers
import pytest
from fakes import ScriptedBackend
from kept_conversations import keep, stranger_in

from appliance.conversations.conversation import Person
from appliance.documents.document import Place
from appliance.lifespan import Box, open_box
from appliance.recall.found import DocumentSource, Recalled
from appliance.settings import Settings
from appliance.store.chunks import EVERYBODY
from appliance.store.rows import all_rows

PAGES = [
    "The kitchen was built in spring. Its counter is oak and wants oil twice a year.",
    "The roof has two hundred tiles. A roofer looks at the gutters every autumn.",
    "The valve for the garden tap is in the cellar, to the left of the boiler. Close it before "
    "the\nfirst frost.",
    "The lamps in the hall take bulbs of nine watts. There is a box of them under the stairs.",
    "The neighbours have a key. They water the plants on the balcony when everybody is away.",
    "보일러 압력은 1.5바가 알맞습니다. 1.0바 아래로 내려가면 물을 보충하세요.",
    "ゴミの収集日は火曜日と金曜日です。朝の八時までに出してください。",
]
HTML = "<h1>House</h1>" + "".join(f"<h2>{n}</h2><p>{t}</p>" for n, t in enumerate(PAGES[5:], 6))


@pytest.fixture
async def box(tmp_path) -> AsyncIterator[Box]:
    settings = Settings(data_dir=tmp_path / "data", hot={"embedded": False})
    async with open_box(settings, lambda: ScriptedBackend(lambda _: "Yes.")) as box:
        yield box


async def put(box: Box, content: bytes, name: str, place: Place) -> None:
    async with box.documents.library.receiving(place, name, len(content)) as arrival:
        await arrival.take(content)
    await box.documents.intake.wait_idle()
    await box.recall.indexer.wait_idle()


async def sources(box: Box, person: Person, question: str, **options: str) -> list[DocumentSource]:
    found: tuple[Recalled, ...] = await box.recall.recall.search(person, question, **options)
    return [each.source for each in found if isinstance(each.source, DocumentSource)]


async def test_the_right_page_of_the_right_document_is_named(box):
    place = Place(box.person.person_key)
    await put(box, papers.pdf(PAGES[:5]), "House.pdf", place)
    await put(box, HTML.encode(), "Haus.html", place)
    found = await sources(box, box.person, "Where can I shut the tap of the garden before winter?")
    pdf = found[0]
    assert (pdf.name, pdf.page, pdf.passage) == ("House.pdf", 3, 3)
    opened = await box.documents.library.open(box.person, pdf.document_id, passage=pdf.passage)
    assert "garden tap" in opened.passages[pdf.passage - 1].passage.text
    korean = await sources(box, box.person, "보일러 압력은 얼마여야 하나요?")
    assert korean[0].heading == "House › 6"
    japanese = await sources(box, box.person, "ゴミはいつ出しますか?")
    assert japanese[0].heading == "House › 7"


async def test_nobody_finds_what_is_anothers_and_everybody_what_is_for_all(box):
    eve = await stranger_in(box.desk.database)
    mine, _ = await keep(box.desk.database, box.person, "House", "Hello.")
    other, _ = await keep(box.desk.database, box.person, "Other", "Hello.")
    here = Place(box.person.person_key, mine.conversation_id)
    question = "Where is the valve for the garden tap?"
    await put(box, papers.pdf(PAGES[:5]), "House.pdf", here)
    assert await sources(box, eve, question) == []
    assert await sources(box, box.person, question) == []
    assert await sources(box, box.person, question, conversation=other.conversation_id) == []
    (first, *_) = await sources(box, box.person, question, conversation=mine.conversation_id)
    assert first.page == 3
    await put(box, papers.pdf(PAGES[:5]), "For all.pdf", Place(EVERYBODY))
    assert [each.name for each in await sources(box, eve, question)][:1] == ["For all.pdf"]


async def test_what_is_deleted_is_found_no_more_and_leaves_no_vector(box):
    await put(box, papers.pdf(PAGES[:5]), "House.pdf", Place(box.person.person_key))
    (document,) = await box.documents.library.list(box.person)
    assert document.embedded == document.passages == 5
    await box.documents.library.delete(box.person, document.document_id)
    assert await sources(box, box.person, "Where is the valve for the garden tap?") == []
    async with box.desk.database.read() as reader:
        vectors = [
            name
            for (name,) in await all_rows(
                reader, "SELECT name FROM sqlite_schema WHERE name GLOB 'chunk_vectors_[0-9]'", ()
            )
        ]
        for name in ("chunks", "chunk_terms", *vectors):
            assert (await all_rows(reader, f"SELECT count(*) FROM {name}", ())) == [(0,)]
        assert vectors

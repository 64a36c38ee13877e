"""Searching an account that no index may know: by reading, the newest first."""

import pytest
from kept_conversations import keep
from sealing import Dweller

from appliance.conversations import sealed_search
from appliance.conversations.excerpts import excerpt
from appliance.conversations.scanning import words_found
from appliance.conversations.search import PAGE_MESSAGES, Search
from appliance.recall.tokens import sought_by

TEXTS = [
    "Where is the lighthouse?",
    "It stands on the northern cliff, and its keepers are running.",
    "등대지기는 어디에 살아요?",
    "図書館で本を読みました。",
    "A red lamp.",
    "A green lamp.",
    "Nothing of the kind: 42.",
]
QUESTIONS = [
    *(
        "lighthouse",
        "LIGHTHOUSE",
        "keeper run",
        "red lamp",
        "red green blue",
        "등대",
        "지기",
        "도서관",
    ),
    *("図書", "lamp 등대", "42", "the", "violet", "?!", "", "\0", "a" * 6000, "NEAR(a b)"),
]


@pytest.fixture
async def told(box, me):
    """The same texts in a sealed account and in one that is not."""
    other = await Dweller(box, "ann").move_in()
    for who in (me, other):
        await keep(box.desk.database, await who.person(), "About lamps", *TEXTS)
    await me.seal()
    return await me.person(), await other.person()


def texts(findings):
    return {found.message.content for found in findings.messages}


def titles(findings):
    return {found.title for found in findings.titles}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: repr(question)[:20])
async def test_it_finds_what_the_index_of_others_finds(box, told, question):
    mine, theirs = told
    by_reading = await box.sealed.desk.search.find(mine, question)
    by_index = await box.desk.search.find(theirs, question)
    assert texts(by_reading) == texts(by_index)
    assert titles(by_reading) == titles(by_index)
    if texts(by_index):
        assert by_reading.is_loose == by_index.is_loose
    for found in by_reading.messages:
        pieces = excerpt(found.message.content, by_reading.sought.runs)
        assert any(piece.is_match for piece in pieces)


async def test_the_newest_come_first_and_page_by_page(box, me):
    person = await me.person()
    await me.seal()
    count = PAGE_MESSAGES + 7
    await keep(box.desk.database, person, "x", *(f"lamp number {n}" for n in range(count)))
    search = box.sealed.desk.search
    first, second, third = [await search.find(person, "lamp", page) for page in (1, 2, 3)]
    found = [each.message.content for page in (first, second) for each in page.messages]
    assert found == [f"lamp number {n}" for n in reversed(range(count))]
    assert (first.has_more, second.has_more, third.messages) == (True, False, ())


async def test_only_so_many_of_the_newest_are_read(box, me, monkeypatch):
    person = await me.person()
    await me.seal()
    await keep(box.desk.database, person, "x", "an old lamp", *["word"] * 30)
    search = box.sealed.desk.search
    assert texts(await search.find(person, "old lamp")) == {"an old lamp"}
    monkeypatch.setattr(sealed_search, "MOST_MESSAGES", 30)
    assert texts(await search.find(person, "old lamp")) == set()


async def test_nobody_elses_words_are_found(box, told):
    mine, theirs = told
    assert isinstance(box.desk.search, Search)
    assert texts(await box.sealed.desk.search.find(theirs, "lamp")) <= set(TEXTS)
    await keep(box.desk.database, theirs, "Secret", "a secret lamp")
    assert "a secret lamp" not in texts(await box.sealed.desk.search.find(mine, "lamp"))


def test_words_are_counted_once_each():
    sought = sought_by("red lamp").runs
    assert [words_found(text, sought) for text in ("red lamp lamp", "Lamps", "blue", "")] == [
        *(2, 1, 0, 0)
    ]

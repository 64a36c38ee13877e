"""Searching everything that was said, over a real database."""

import pytest
from conversation_steps import follow_to_end, say
from kept_conversations import add, keep, stranger_in

from appliance.conversations.search import PAGE_MESSAGES
from appliance.conversations.shelf import Placing

HOSTILE = [
    "",
    " ",
    "?!",
    '"',
    '""',
    "*",
    "NEAR",
    "NEAR(a b, 2)",
    "a NEAR b",
    "a AND",
    "OR OR",
    "NOT",
    "terms:x",
    "{terms}: x",
    "^x",
    "x*",
    "x + y",
    "(((",
    ")",
    "-x",
    "'; DROP TABLE messages; --",
    "\0",
    "\ud83d",
    "🎉",
    "ก็",
    "हिन्दी",
    "𠀀𠀁𠀂",
    "\u202eabc",
    "%",
    "_",
    "a" * 5_000,
    "한" * 5_000,
    "word " * 1_000,
    " ".join(f"word{number}" for number in range(2_000)),
]


@pytest.fixture
def find(box):
    async def find(question, page=1, person=box.person):
        return await box.desk.search.find(person, question, page)

    return find


def texts(findings):
    return [found.message.content for found in findings.messages]


async def test_a_message_and_its_reply_are_found_as_soon_as_they_are_kept(box, find):
    started = await say(box, "Where is the lighthouse?")
    await follow_to_end(box, started.turn.turn_id)
    assert texts(await find("lighthouse")) == ["Where is the lighthouse?"]
    (reply,) = (await find("short reply")).messages
    assert reply.message.content == "A short reply."
    assert reply.title == "Where is the lighthouse?"
    (titled,) = (await find("lighthouse")).titles
    assert titled.conversation_id == started.conversation.conversation_id


async def test_what_is_deleted_is_not_found_any_more(box, find):
    started = await say(box, "Where is the lighthouse?")
    await follow_to_end(box, started.turn.turn_id)
    await box.desk.service.delete_conversation(box.person, started.conversation.conversation_id)
    findings = await find("lighthouse")
    assert (findings.titles, findings.messages) == ((), ())


async def test_all_words_are_wanted_and_some_are_better_than_nothing(box, find):
    await keep(box.desk.database, box.person, "x", "red lamp", "green lamp", "red door")
    findings = await find("red lamp")
    assert (texts(findings), findings.is_loose) == (["red lamp"], False)
    findings = await find("red green blue")
    assert findings.is_loose
    assert set(texts(findings)) == {"red lamp", "green lamp", "red door"}
    findings = await find("violet")
    assert (texts(findings), findings.titles) == ([], ())


async def test_the_best_comes_first(box, find):
    await keep(
        box.desk.database,
        box.person,
        "x",
        "A long text that says lamp once among many other words about houses and gardens.",
        "lamp, lamp and lamp",
    )
    assert texts(await find("lamp"))[0] == "lamp, lamp and lamp"


async def test_another_persons_words_are_never_found(box, find):
    stranger = await stranger_in(box.desk.database)
    await keep(box.desk.database, stranger, "Secret lamp", "a secret lamp")
    findings = await find("secret lamp")
    assert (findings.titles, findings.messages) == ((), ())
    findings = await find("secret", person=stranger)
    assert (texts(findings), len(findings.titles)) == (["a secret lamp"], 1)


async def test_archived_conversations_are_searched_too(box, find):
    conversation, _ = await keep(box.desk.database, box.person, "x", "an old lamp")
    await box.desk.shelf.place(box.person, conversation.conversation_id, Placing(is_archived=True))
    assert texts(await find("lamp")) == ["an old lamp"]


@pytest.mark.parametrize("question", HOSTILE, ids=lambda question: repr(question)[:20])
async def test_whatever_is_asked_there_is_a_calm_answer(box, find, question):
    await keep(box.desk.database, box.person, "x", "a and b near c", "word 한국어 हिन्दी 🎉")
    findings = await find(question)
    assert len(findings.messages) <= 2


async def test_many_matches_come_page_by_page_each_once(box, find):
    async with box.desk.database.write() as tx:
        await add(tx, box.person, "x", *(f"lamp number {n}" for n in range(PAGE_MESSAGES + 7)))
    first, second, third = [await find("lamp", page) for page in (1, 2, 3)]
    assert (len(first.messages), first.has_more) == (PAGE_MESSAGES, True)
    assert (len(second.messages), second.has_more) == (7, False)
    assert third.messages == ()
    assert len({*texts(first), *texts(second)}) == PAGE_MESSAGES + 7


async def test_a_search_is_three_queries_however_much_there_is(box, find):
    await keep(box.desk.database, box.person, "lamp", *["a lamp"] * 40)
    counted = []
    for reader in box.desk.database._readers:

        async def counting(sql, parameters=None, ask=reader.execute_fetchall):
            counted.append(sql)
            return await ask(sql, parameters)

        reader.execute_fetchall = counting
    await find("lamp")
    assert len(counted) == 3

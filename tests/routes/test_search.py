"""The page of a search."""

import html
import re

import pytest
from kept_conversations import NOW, add, keep, stranger_in

from appliance.conversations.search import PAGE_MESSAGES

HOSTILE = '<script>alert("lamp")</script> <mark>lamp</mark> <hx-partial hx-target="body">&lt;b&gt;'


@pytest.fixture
async def lamp(box):
    _, said = await keep(box.desk.database, box.person, "Old lamps", "Where is the lamp?", "There.")
    return said


async def search(kept, question, **more):
    answer = await kept.get("/search", params={"q": question, **more})
    assert answer.status_code == 200
    return answer


async def test_a_message_is_shown_with_its_title_day_and_marked_words(kept, lamp):
    page = (await search(kept, "LAMP")).text
    assert "Where is the <mark>lamp</mark>?" in page
    assert "Old <mark>lamps</mark>" in page
    assert ", you</span>" in page
    url = f"/conversations/{lamp[0].conversation_id}?at={lamp[0].message_id}"
    assert f'href="{url}#message-{lamp[0].message_id}"' in page
    assert (await kept.get(url)).status_code == 200


async def test_the_field_keeps_the_question_and_no_cache_keeps_the_page(kept):
    answer = await search(kept, '"a" <b>')
    assert 'value="&#34;a&#34; &lt;b&gt;"' in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("", "Type words that you remember."),
        ("  ", "Type words that you remember."),
        ("?!*", "There is no word in that to look for."),
        ("🎉", "There is no word in that to look for."),
        ('NEAR("', "Nothing was found. Try other words."),
        ("violet", "Nothing was found. Try other words."),
        ("lamp violet", "No text has all of these words."),
        ("lamp " + " ".join(f"w{n}" for n in range(900)), "No text has all of these words."),
        ("한" * 5_000, "Nothing was found. Try other words."),
        ("x" * 20_000, "Nothing was found. Try other words."),
    ],
)
async def test_whatever_is_asked_the_page_says_calmly_what_became_of_it(
    kept, lamp, question, words
):
    assert words in (await search(kept, question)).text


async def test_hostile_text_is_shown_and_is_no_markup(kept, box):
    await keep(box.desk.database, box.person, HOSTILE, HOSTILE)
    page = (await search(kept, "lamp")).text
    found = page.partition('id="found"')[2]
    assert re.findall(r"<(/?)(script|hx-partial)", found) == []
    assert re.findall(r"<mark>([^<]*)</mark>", found) == ["lamp"] * 4
    shown = html.unescape(re.sub(r"<[^>]+>", "", found))
    once = '<script>alert("lamp")</script> <mark>lamp</mark>'
    assert shown.count(once) == 3  # As a title, as the title of a message, as the message.


async def test_many_matches_have_pages_and_a_way_back(kept, box):
    async with box.desk.database.write() as tx:
        await add(tx, box.person, "x", *(f"lamp {n} & more" for n in range(PAGE_MESSAGES + 3)))
    first = (await search(kept, "lamp & more")).text
    assert first.count('class="excerpt"') == PAGE_MESSAGES
    more = html.unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])
    second = (await kept.get(more)).text
    assert second.count('class="excerpt"') == 3
    assert 'rel="prev"' in second and 'rel="next"' not in second
    assert "Nothing more was found." in (await search(kept, "lamp", page=9)).text


@pytest.mark.parametrize("page", ["0", "-1", "51", "x", "9" * 30])
async def test_a_page_that_cannot_be_is_refused_with_a_sentence(kept, page):
    answer = await kept.get("/search", params={"q": "lamp", "page": page})
    assert answer.status_code == 400
    assert "The box could not read this request." in answer.text


async def test_another_persons_words_look_like_no_words_at_all(kept, box, lamp):
    stranger = await stranger_in(box.desk.database)
    await keep(box.desk.database, stranger, "Secret violet", "a secret violet")
    strange = (await search(kept, "violet")).text.partition('id="found"')[2]
    unknown = (await search(kept, "vermilion")).text.partition('id="found"')[2]
    assert strange == unknown


async def test_days_are_the_readers_own(kept, box):
    # 2027-01-14 16:00 in UTC is already the 15th in Seoul.
    at = NOW // 86_400 * 86_400 - 8 * 3600
    await keep(box.desk.database, box.person, "x", "late lamp", at=at)
    assert "14 January" in (await search(kept, "lamp")).text
    kept.cookies["zone"] = "Asia/Seoul"
    assert "15 January" in (await search(kept, "lamp")).text


async def test_the_page_works_without_a_conversation_and_leads_back(kept):
    page = (await search(kept, "")).text
    assert page.count('name="q"') == 1
    assert 'href="/"' in page
    assert (await kept.get("/")).text.count('name="q"') == 1

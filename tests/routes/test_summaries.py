"""Summaries on the page, over a whole box but for its model, which holds very little."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aside_steps import SUMMARY, Speaker, settled, talk
from fakes import ScriptedBackend
from httpx import ASGITransport, AsyncClient
from signed_in import sign_in

from appliance.app import create_app
from appliance.conversations.conversation import Person, Summary
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

MINE = "My own words & <b>more</b>."


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    settings = Settings(data_dir=tmp_path, hot={"embedded": False}, assistant={"titles": False})
    async with open_box(settings, lambda: ScriptedBackend(Speaker(), context_tokens=1200)) as box:
        await box.generations.wait_ready()
        yield box


@pytest.fixture
async def page(box: Box) -> AsyncIterator[AsyncClient]:
    """What this person's browser sends, without scripts."""
    cookies = await sign_in(box)
    transport = ASGITransport(create_app(box, 80))
    async with AsyncClient(
        transport=transport, base_url="http://localhost", cookies=cookies
    ) as client:
        await client.get("/")
        yield client


async def told(box: Box) -> Summary:
    """The summary of a conversation that no longer fits."""
    turns = await talk(box, 14)
    opened = await box.desk.summaries.open(box.person, turns[-1].conversation_id)
    return opened.summaries[-1]


async def send(page: AsyncClient, path: str, **fields: str) -> tuple[int, str]:
    answer = await page.post(path, data={"_csrf_token": page.cookies["csrf"], **fields})
    return answer.status_code, answer.headers.get("location", answer.text)


async def test_a_reply_says_that_a_summary_was_read_and_the_fold_stands_where_it_ends(
    box: Box, page: AsyncClient
) -> None:
    summary = await told(box)
    path = f"/conversations/{summary.conversation_id}"
    shown = (await page.get(path)).text
    count = summary.message_count
    assert f"The oldest {count} messages of this conversation are read as a summary." in shown
    assert f'<a href="{path}/summary">Read it</a>' in shown
    before, fold, after = shown.partition('<details class="summary"')
    assert fold and SUMMARY in after
    assert before.count("<article") == count
    assert f"{count} messages · Today, " in after and "Written by the model" in after


async def test_what_the_fold_says_is_text_and_nothing_else(box: Box, page: AsyncClient) -> None:
    summary = await told(box)
    await send(page, f"/summaries/{summary.summary_id}", content='<img src=x><hx-partial>"')
    for path in ("", "/summary"):
        shown = (await page.get(f"/conversations/{summary.conversation_id}{path}")).text
        assert "&lt;img src=x&gt;&lt;hx-partial&gt;" in shown
        assert "<img" not in shown and "<hx-partial" not in shown


async def test_an_open_page_is_told_of_a_changed_summary(box: Box, page: AsyncClient) -> None:
    summary = await told(box)
    shown = (await page.get(f"/conversations/{summary.conversation_id}")).text
    sync_url = re.findall(r'hx-get="([^"]+state=[^"]+)"', shown)[0]
    same = await page.get(sync_url, headers={"HX-Request": "true"})
    assert same.status_code == 204
    await send(page, f"/summaries/{summary.summary_id}", content=MINE)
    news = await page.get(sync_url, headers={"HX-Request": "true"})
    assert "My own words &amp;" in news.text


async def test_a_summary_is_changed_by_a_plain_form(box: Box, page: AsyncClient) -> None:
    summary = await told(box)
    path = f"/conversations/{summary.conversation_id}/summary"
    shown = await page.get(path)
    assert shown.headers["cache-control"] == "no-store"
    assert f'action="/summaries/{summary.summary_id}"' in shown.text
    assert SUMMARY in shown.text
    answer = await send(page, f"/summaries/{summary.summary_id}", content=MINE)
    assert answer == (303, path)
    shown = await page.get(path)
    assert "My own words &amp; &lt;b&gt;more&lt;/b&gt;." in shown.text
    assert "Written by you" in shown.text


async def test_a_deleted_summary_is_gone_and_can_be_written_anew(
    box: Box, page: AsyncClient
) -> None:
    summary = await told(box)
    conversation = f"/conversations/{summary.conversation_id}"
    answer = await send(page, f"/summaries/{summary.summary_id}/deletion", content="left alone")
    assert answer == (303, f"{conversation}/summary")
    shown = (await page.get(f"{conversation}/summary")).text
    assert SUMMARY not in shown and "Deleted by you: not read any more" in shown
    assert '<details class="summary"' not in (await page.get(conversation)).text
    answer = await send(page, f"/summaries/{summary.summary_id}/renewal")
    assert answer == (303, f"{conversation}/summary")
    await settled(box)
    assert SUMMARY in (await page.get(f"{conversation}/summary")).text


async def test_while_the_first_one_is_written_its_page_looks_again_by_itself(
    box: Box, page: AsyncClient
) -> None:
    summary = await told(box)
    await send(page, f"/summaries/{summary.summary_id}/renewal")
    waiting = (await page.get(f"/conversations/{summary.conversation_id}/summary")).text
    assert '<meta http-equiv="refresh"' in waiting
    await settled(box)
    done = (await page.get(f"/conversations/{summary.conversation_id}/summary")).text
    assert '<meta http-equiv="refresh"' not in done


async def test_a_conversation_without_a_summary_says_when_there_will_be_one(
    box: Box, page: AsyncClient
) -> None:
    turns = await talk(box, 1)
    shown = (await page.get(f"/conversations/{turns[0].conversation_id}/summary")).text
    assert "There is none just now." in shown


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "The summary is empty. Write something, or delete it."),
        ("x" * 4001, "The summary has 4,001 characters; at most 4,000"),
        ("long " * 200, "leave the conversation enough room. Shorten it."),
    ],
)
async def test_what_cannot_be_a_summary_is_refused_with_a_sentence(
    box: Box, page: AsyncClient, content: str, sentence: str
) -> None:
    summary = await told(box)
    status, text = await send(page, f"/summaries/{summary.summary_id}", content=content)
    assert status == 422
    assert sentence in text
    assert "Going back in the browser keeps what you had written." in text
    kept = await box.desk.summaries.open(box.person, summary.conversation_id)
    assert kept.summaries == (summary,)


@pytest.mark.parametrize("act", ["", "/deletion", "/renewal"])
async def test_someone_elses_summary_looks_like_none_and_stays_as_it_is(
    box: Box, page: AsyncClient, act: str
) -> None:
    summary = await told(box)
    async with box.desk.database.write() as tx:
        await tx.execute(
            "INSERT INTO people (person_key, person_id, name, created_at) "
            "VALUES (2, 'eve', 'Eve', 0)"
        )
        for table in ("turns", "messages", "summaries", "conversations"):
            await tx.execute(f"UPDATE {table} SET person_key = 2")
    path = f"/conversations/{summary.conversation_id}/summary"
    assert (await page.get(path)).status_code == 404
    status, text = await send(page, f"/summaries/{summary.summary_id}{act}", content=MINE)
    unknown = await send(page, f"/summaries/{'0' * 32}{act}", content=MINE)
    assert (status, text) == unknown and status == 404
    eve = Person(2, "eve", "Eve")
    assert (await box.desk.summaries.open(eve, summary.conversation_id)).summaries == (summary,)


async def test_a_form_from_elsewhere_is_refused(box: Box, page: AsyncClient) -> None:
    summary = await told(box)
    answer = await page.post(f"/summaries/{summary.summary_id}", data={"content": MINE})
    assert answer.status_code == 403

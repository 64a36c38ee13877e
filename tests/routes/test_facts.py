"""The page of what the box remembers about a person, and links under replies."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import AsyncClient, Response
from recall_steps import RECALLING, ScriptedRecall, said_in
from recall_steps import recall as recall  # a fixture
from whole_box import Page, open_page

from appliance.conversations.conversation import new_id
from appliance.conversations.fact import Fact, FactsUse, Topic
from appliance.store import facts

BUSAN = "I live in Busan & <b>like</b> it."


@pytest.fixture
async def page(tmp_path: Path, recall: ScriptedRecall) -> AsyncIterator[Page]:
    async with open_page(tmp_path, lambda _: "I see.", **RECALLING) as page:
        yield page


async def remember(page: Page, content: str = BUSAN, percent: int = 90) -> Fact:
    """A fact, said in a conversation of its own."""
    started = await page.exchange(content)
    ids = (new_id(), started.conversation.conversation_id, started.message.message_id)
    fact = Fact(*ids, Topic.HOME, content, 1_700_000_000, percent)
    async with page.box.desk.database.write() as tx:
        await facts.insert(tx, page.box.person.person_key, fact)
    return fact


async def send(client: AsyncClient, path: str, **fields: str) -> Response:
    return await client.post(path, data=fields)


async def known(page: Page) -> list[Fact]:
    return [each.fact for each in (await page.box.desk.facts.open(page.box.person)).facts]


async def test_without_any_the_page_says_so(page: Page) -> None:
    shown = await page.get("/account/facts")
    assert "Nothing yet." in shown.text and shown.headers["cache-control"] == "no-store"
    assert 'href="/account/facts"' in (await page.get("/account")).text


async def test_a_fact_is_shown_as_text_with_its_source_and_what_is_made_of_it(page: Page) -> None:
    fact = await remember(page)
    shown = (await page.get("/account/facts")).text
    assert "I live in Busan &amp; &lt;b&gt;like&lt;/b&gt; it." in shown and "<b>like" not in shown
    source = f"/conversations/{fact.conversation_id}?at={fact.message_id}#message-{fact.message_id}"
    assert f'href="{source}"' in shown
    assert "Found by the model, 90 % sure" in shown and "the model reads it" in shown
    assert (await page.get(source.partition("#")[0])).status_code == 200


async def test_what_is_not_sure_is_only_a_proposal(page: Page) -> None:
    await remember(page, percent=50)
    shown = (await page.get("/account/facts")).text
    assert "Only a proposal, 50 % sure" in shown and "the model does not read it" in shown


async def test_it_is_confirmed_changed_and_deleted_by_plain_forms(page: Page) -> None:
    fact = await remember(page, percent=50)
    at = f"/account/facts/{fact.fact_id}"
    confirmed = await send(page.client, f"{at}/confirmation")
    assert confirmed.status_code == 200 and "Confirmed by you" in confirmed.text
    changed = await send(page.client, at, content="I live in Seoul.")
    assert "In your own words" in changed.text and "I live in Seoul." in changed.text
    assert [each.content for each in await known(page)] == ["I live in Seoul."]
    deleted = await send(page.client, f"{at}/deletion")
    assert "Deleted for good." in deleted.text and await known(page) == []
    assert (await send(page.client, f"{at}/deletion")).status_code == 404


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (" ", "Nothing is written there. Write a sentence, or delete it."),
        ("x" * 161, "This has 161 characters; at most 160 are remembered as one fact."),
        ("a\0b", "The text has a NUL byte in it"),
    ],
)
async def test_what_cannot_be_a_fact_is_refused_and_nothing_is_lost(
    page: Page, content: str, sentence: str
) -> None:
    fact = await remember(page)
    answer = await send(page.client, f"/account/facts/{fact.fact_id}", content=content)
    assert answer.status_code == 422 and sentence in answer.text
    assert await known(page) == [fact]


async def test_what_may_be_read_is_chosen_by_a_plain_form(page: Page) -> None:
    await remember(page)
    answer = await send(page.client, "/account/facts/use", use="confirmed")
    assert "That holds from the next message on." in answer.text
    assert "the model does not read it" in answer.text
    assert (await page.box.desk.facts.open(page.box.person)).use is FactsUse.CONFIRMED
    refused = await send(page.client, "/account/facts/use", use="everything")
    assert refused.status_code == 422 and "from the list" in refused.text


async def test_deleting_the_message_says_that_its_fact_went_with_it(page: Page) -> None:
    fact = await remember(page)
    await page.exchange("And more.", fact.conversation_id)
    answer = await page.act("DELETE", f"/messages/{fact.message_id}")
    assert "1 fact that was remembered from it is gone, too." in answer.text
    assert await known(page) == []
    fact = await remember(page)
    gone = await page.act("DELETE", f"/conversations/{fact.conversation_id}")
    assert "With it went 1 fact about you" in gone.text


async def test_a_reply_links_to_what_it_remembers_from(page: Page, recall: ScriptedRecall) -> None:
    told = await page.exchange("My dog is called Rex.")
    (dog, _) = await said_in(page.box, told)
    recall.will_find(dog)
    recall.will_find_document("We open at nine.")
    asked = await page.exchange("What is my dog called?")
    shown = (await page.get(f"/conversations/{asked.conversation.conversation_id}")).text
    assert "Remembered from" in shown
    source = f"/conversations/{dog.conversation_id}?at={dog.message_id}#message-{dog.message_id}"
    assert f'<a href="{source}" dir="auto">My dog is called Rex.</a>' in shown
    assert (await page.get(source.partition("#")[0])).status_code == 200
    details = (await page.get(f"/turns/{asked.turn.turn_id}/prompt")).text
    assert f'href="{source}"' in details and "My dog is called Rex." in details
    # Once it is deleted, nobody is led there.
    await page.act("DELETE", f"/conversations/{dog.conversation_id}")
    shown = (await page.get(f"/conversations/{asked.conversation.conversation_id}")).text
    assert source not in shown
    details = (await page.get(f"/turns/{asked.turn.turn_id}/prompt")).text
    assert "Deleted since, or left out of recall." in details


async def test_a_conversation_is_left_out_of_recall_by_its_menu_and_comes_back(page: Page) -> None:
    started = await page.exchange("Hello.")
    conversation_id = started.conversation.conversation_id
    place = f"/conversations/{conversation_id}/place"
    out = await page.act("POST", place, recalled="no")
    assert "Take part in recall again" in out.text and "Left out of recall" in out.text
    shown = (await page.get(f"/conversations/{conversation_id}")).text
    assert "Left out of recall" in shown
    back = await page.act("POST", place, recalled="yes")
    assert "Leave out of recall" in back.text and "Left out of recall" not in back.text

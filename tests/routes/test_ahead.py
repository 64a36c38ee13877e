"""What an open page says before anything is sent."""

import pytest
from scripted_box import SOMEONE_ELSE

from appliance.conversations.conversation import new_id


@pytest.fixture(autouse=True)
def nothing_yet(client, service):
    service.ahead.clear()


async def say_where(client, conversation_id):
    return await client.post("/ahead", data={"conversation_id": conversation_id})


async def test_opening_a_page_reads_what_its_next_message_will_follow(client, service):
    conversation_id = service.add_conversation("Garden")
    await client.get("/")
    await client.get(f"/conversations/{conversation_id}")
    assert service.ahead == [None, conversation_id]


async def test_a_page_that_only_looks_for_news_reads_nothing(client, service):
    conversation_id = service.add_conversation("Garden")
    for path in ("/", f"/conversations/{conversation_id}"):
        await client.get(f"{path}?state=old", headers={"HX-Request": "true"})
    assert service.ahead == []


async def test_the_composer_says_where_somebody_is_about_to_write(client, service):
    conversation_id = service.add_conversation("Garden")
    answer = await say_where(client, conversation_id)
    assert (answer.status_code, answer.content) == (204, b"")
    assert service.ahead[-1] == conversation_id
    assert (await say_where(client, "")).status_code == 204
    assert service.ahead[-1] is None


async def test_somebody_elses_conversation_is_not_there(client, service):
    theirs = service.add_conversation("Private", SOMEONE_ELSE)
    for conversation_id in (theirs, new_id(), "x"):
        assert (await say_where(client, conversation_id)).status_code == 404
    assert service.ahead == []

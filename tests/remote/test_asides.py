"""What is asked beside turns, of a machine elsewhere."""

from collections.abc import AsyncIterator

from aside_steps import RAIN, SUMMARY, TITLE, settled, talk
from remote.conftest import OpenRemote, OpenStub
from remote.stub_server import Asked, said, whole

from appliance.conversations.questions import summary_question, title_question

SMALL = {"data": [{"id": "big-model", "owned_by": "vllm", "max_model_len": 1200}]}


async def speak(asked: Asked) -> AsyncIterator[bytes]:
    """To each question what belongs to it."""
    last = asked.body["messages"][-1]["content"]
    known = {title_question(""): TITLE, summary_question(""): f"{SUMMARY} ({len(last)})."}
    async for piece in said(known.get(last, "So it did, all day."))(asked):
        yield piece


async def test_it_finds_titles(open_stub: OpenStub, open_remote: OpenRemote) -> None:
    stub = await open_stub(chat=speak)
    box = await open_remote(stub.url, beside=True)
    await talk(box, 2)
    (conversation,) = await box.desk.service.list_conversations(box.person)
    assert conversation.title == TITLE
    _, asked, _ = stub.chats()
    assert asked["messages"][-1] == {"role": "user", "content": title_question("")}
    assert "grammar" not in asked


async def test_it_sums_up_what_will_no_longer_fit(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    stub = await open_stub(chat=speak, models=whole(SMALL))
    box = await open_remote(stub.url, beside=True)
    turns = await talk(box, 6, words=RAIN * 6)
    record = turns[-1].prompt_record
    assert record["dropped_messages"] == record["summary_messages"]
    assert any(SUMMARY in message["content"] for message in stub.chats()[-1]["messages"])


async def test_a_machine_that_goes_away_after_a_reply_leaves_the_first_words(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    async def only_once(asked: Asked) -> AsyncIterator[bytes]:
        answer = said("So it did.") if len(stub.chats()) == 1 else whole({}, 503)
        async for piece in answer(asked):
            yield piece

    stub = await open_stub(chat=only_once)
    box = await open_remote(stub.url, beside=True)
    await talk(box, 1)
    await settled(box)
    (conversation,) = await box.desk.service.list_conversations(box.person)
    assert conversation.title.startswith("It rained all day")
    assert len(stub.chats()) == 2

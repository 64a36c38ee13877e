import pytest
from scripted_box import ME, SOMEONE_ELSE

from appliance.conversations.turn import TurnPhase, TurnStatus
from appliance.errors import Conflict, EngineUnavailable, InvalidInput, QueueFull, StoreFull

ID = "a" * 32


def form(content="Hello", conversation_id="", **more):
    return {
        "content": content,
        "conversation_id": conversation_id,
        "client_message_id": ID,
        **more,
    }


async def test_without_javascript_a_message_leads_to_its_conversation(client, service):
    answer = await client.post("/turns", data=form())
    assert answer.status_code == 303
    (conversation_id,) = service.conversations
    assert answer.headers["location"] == f"/conversations/{conversation_id}"


async def test_a_form_without_the_token_is_refused(client, service):
    del client.headers["x-csrf-token"]
    assert (await client.post("/turns", data=form())).status_code == 403
    token = client.cookies["csrf"]
    assert (await client.post("/turns", data=form(_csrf_token=token))).status_code == 303
    assert len(service.conversations) == 1


async def test_a_first_message_brings_the_whole_conversation_into_the_open_page(
    client, service, htmx
):
    answer = await client.post("/turns", data=form("Hello & <b>good</b> day"), headers=htmx)
    (conversation_id,) = service.conversations
    (turn_id,) = service.turns
    assert answer.headers["hx-push-url"] == f"/conversations/{conversation_id}"
    assert "<title>Hello &amp; &lt;b&gt;good&lt;/b&gt; day</title>" in answer.text
    for target, swap in [
        ("empty", "delete"),
        ("messages", "beforeend"),
        ("conversations", "innerMorph"),
        ("composer-ids", "innerHTML"),
        ("action", "outerHTML"),
        ("header", "innerHTML"),
        ("sync", "outerHTML"),
    ]:
        assert f'hx-target="#{target}" hx-swap="{swap}"' in answer.text
    assert f'hx-sse:connect="/turns/{turn_id}/stream"' in answer.text
    assert f'name="conversation_id" value="{conversation_id}"' in answer.text


async def test_a_further_message_adds_only_itself_and_its_reply(client, service, htmx):
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What?", "That.")
    answer = await client.post("/turns", data=form("And?", conversation_id), headers=htmx)
    assert answer.text.count("<article") == 2
    assert "What?" not in answer.text
    assert "hx-push-url" not in answer.headers


async def test_each_accepted_message_brings_the_id_of_the_next_one(client, service, htmx):
    first = await client.post("/turns", data=form(), headers=htmx)
    assert 'name="client_message_id"' in first.text
    assert f'name="client_message_id" value="{ID}"' not in first.text


async def test_a_message_sent_again_shows_what_was_accepted_the_first_time(client, service, htmx):
    await client.post("/turns", data=form(), headers=htmx)
    again = await client.post("/turns", data=form(), headers=htmx)
    (conversation_id,) = service.conversations
    assert again.headers["hx-redirect"] == f"/conversations/{conversation_id}"
    assert len(service.turns) == 1


async def test_a_first_question_is_sent_in_place_of_the_field(client, service, htmx):
    await client.post("/turns", data=form("half a dra", question="What is rice?"), headers=htmx)
    (messages,) = service.messages.values()
    assert [message.content for message in messages] == ["What is rice?"]


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (InvalidInput("The message is empty. Write something."), 422),
        (Conflict("A reply is still being written."), 409),
        (QueueFull("Too many wait. Try again in a minute."), 429),
        (EngineUnavailable("No model is loaded. Add one."), 503),
        (StoreFull("The disk is full. Free some space."), 507),
    ],
)
async def test_a_refusal_is_a_sentence_above_the_composer(client, service, htmx, refusal, status):
    service.refusal = refusal
    answer = await client.post("/turns", data=form(), headers=htmx)
    assert answer.status_code == status
    assert answer.text.strip() == f'<p class="notice" role="alert">{refusal}</p>'
    page = await client.post("/turns", data=form())
    assert page.status_code == status
    assert "<!doctype html>" in page.text and str(refusal) in page.text


async def test_a_form_that_is_not_one_is_refused_with_a_sentence(client, htmx):
    answer = await client.post("/turns", data={"content": "Hello"}, headers=htmx)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


async def test_a_retry_takes_the_place_of_what_failed(client, service, htmx):
    conversation_id = service.add_conversation("Rice")
    old = service.add_exchange(
        conversation_id, "What?", "", status=TurnStatus.FAILED, error="It fell over."
    )
    answer = await client.post(f"/turns/{old.turn_id}/retries", headers=htmx)
    (new_id,) = service.live
    assert 'hx-target="#messages" hx-swap="innerMorph"' in answer.text
    assert f"turn-{old.turn_id}" not in answer.text
    assert f'hx-sse:connect="/turns/{new_id}/stream"' in answer.text
    assert answer.text.count("<article") == 2
    assert answer.headers["hx-replace-url"] == f"/conversations/{conversation_id}"


async def test_stop_stops_and_stopping_twice_is_harmless(client, service, htmx):
    conversation_id = service.add_conversation("Rice")
    turn = service.begin(conversation_id, "What?")
    service.show(turn.turn_id, TurnPhase.WRITING, "Some")
    for _ in range(2):
        answer = await client.delete(f"/turns/{turn.turn_id}", headers=htmx)
        assert answer.status_code == 204
    assert service.turns[turn.turn_id].status is TurnStatus.CANCELLED


async def test_someone_elses_turn_can_be_neither_stopped_nor_tried_again(client, service, htmx):
    conversation_id = service.add_conversation("Secret", SOMEONE_ELSE)
    turn = service.add_exchange(conversation_id, "What?", "That.")
    assert (await client.delete(f"/turns/{turn.turn_id}", headers=htmx)).status_code == 404
    retried = await client.post(f"/turns/{turn.turn_id}/retries", headers=htmx)
    assert retried.status_code == 404
    sent = await client.post("/turns", data=form("Hi", conversation_id), headers=htmx)
    assert sent.status_code == 404
    assert ME not in service.owners.values()

from scripted_box import SOMEONE_ELSE

from appliance.errors import InvalidInput


async def test_a_new_title_shows_in_the_header_the_list_and_the_tab(client, service, htmx):
    conversation_id = service.add_conversation("Old")
    answer = await client.patch(
        f"/conversations/{conversation_id}", data={"title": "Rice & <beans>"}, headers=htmx
    )
    assert answer.status_code == 200
    assert answer.text.startswith("<title>Rice &amp; &lt;beans&gt;</title>")
    assert 'hx-target="#header" hx-swap="innerMorph"' in answer.text
    assert 'hx-target="#conversations" hx-swap="innerMorph"' in answer.text
    assert service.conversations[conversation_id].title == "Rice & <beans>"


async def test_a_title_that_cannot_be_is_refused_with_a_sentence(client, service, htmx):
    conversation_id = service.add_conversation("Old")
    service.refusal = InvalidInput("A title needs at least one letter.")
    answer = await client.patch(
        f"/conversations/{conversation_id}", data={"title": ""}, headers=htmx
    )
    assert answer.status_code == 422
    assert "A title needs at least one letter." in answer.text


async def test_deleting_says_how_much_went_and_leaves_an_empty_page(client, service, htmx):
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What?", "That.")
    answer = await client.delete(f"/conversations/{conversation_id}", headers=htmx)
    assert "Deleted for good: the conversation and its 2 messages." in answer.text
    assert answer.headers["hx-push-url"] == "/"
    assert 'name="conversation_id" value=""' in answer.text
    assert conversation_id not in service.conversations
    assert (await client.get(f"/conversations/{conversation_id}")).status_code == 404


async def test_someone_elses_conversation_can_be_neither_renamed_nor_deleted(client, service, htmx):
    conversation_id = service.add_conversation("Secret", SOMEONE_ELSE)
    path = f"/conversations/{conversation_id}"
    renamed = await client.patch(path, data={"title": "Mine"}, headers=htmx)
    assert renamed.status_code == 404
    assert (await client.delete(path, headers=htmx)).status_code == 404
    assert service.conversations[conversation_id].title == "Secret"

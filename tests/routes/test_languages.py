"""The page in the reader's language, and the choice of it."""

import re

import pytest
from bracketed import BRACKETING, all_said, browser, plain_pages, unsaid
from conversation_steps import exchange
from doors import found, open_street
from httpx import ASGITransport, AsyncClient
from open_stream import OpenStream
from scripted_box import scripted_box
from signed_in import sign_in

from appliance.app import create_app
from appliance.conversations.box_status import BoxStatus
from appliance.conversations.turn import TurnPhase, TurnStatus
from appliance.lifespan import Box


async def test_every_page_says_all_in_the_readers_language(box: Box, bracketed):
    await all_said(bracketed, *plain_pages(create_app(box, 80, BRACKETING)))


async def test_so_do_the_pages_of_a_conversation(box: Box, bracketed):
    started = await exchange(box, "12?\n" * 400)
    conversation_id, turn_id = started.conversation.conversation_id, started.turn.turn_id
    await box.desk.service.rename_conversation(box.person, conversation_id, "12")
    path = f"/conversations/{conversation_id}"
    await all_said(bracketed, path, f"{path}/summary", f"{path}?at={started.message.message_id}")
    await all_said(bracketed, "/", "/conversations", "/conversations?archived=yes")
    await all_said(bracketed, "/search?q=12", "/search?q=Reply", "/search?q=%21", "/search?q=nix")
    await all_said(bracketed, "/conversations/0", "/nowhere", "/imports/0", "/data/exports/0")
    open_page = {"HX-Request": "true"}
    await all_said(bracketed, path, f"{path}/place", headers=open_page)
    await all_said(bracketed, f"/messages/{started.message.message_id}/edit", headers=open_page)
    seen = await bracketed.get(f"/turns/{turn_id}/prompt")
    # An id and the words of a person stand there.
    assert [each for each in unsaid(seen.text) if turn_id not in each] == []


async def test_so_does_whatever_became_of_a_reply(service, tmp_path):
    conversation_id = service.add_conversation("12")
    ended = [
        {"status": TurnStatus.FAILED, "error": "The engine has stopped.", "finish_reason": "error"},
        {"status": TurnStatus.CANCELLED, "finish_reason": "cancelled"},
        {"finish_reason": "length"},
        {"finish_reason": "length", "prompt_record": {"reply_bound": "context"}},
        {"prompt_record": {"dropped_messages": 3}},
        {"prompt_record": {"dropped_messages": 3, "summary_messages": 2}},
        {"prompt_record": {"dropped_messages": 1, "summary_messages": 1}},
    ]
    for each in ended:
        service.add_exchange(conversation_id, "1?", "2.", **each)
    running = service.begin(conversation_id, "3?")
    async with browser(create_app(scripted_box(service, tmp_path), 80, BRACKETING)) as client:
        for phase in (TurnPhase.LOADING, TurnPhase.WAITING, TurnPhase.READING, TurnPhase.WRITING):
            service.show(running.turn_id, phase, place=12, wait_seconds=90.0)
            await all_said(client, f"/conversations/{conversation_id}")
        for status in (
            BoxStatus("loading", "a-model", "Wait.", loaded_percent=40),
            BoxStatus("loading", "a-model", "Wait.", is_changing=True),
            BoxStatus("failed", "a-model", "The engine has stopped."),
            BoxStatus("ready", "a-model", "Ready.", answered_by="12.34", trouble="It is broken."),
        ):
            service.status = status
            await all_said(client, "/")


async def test_the_end_of_a_stream_is_said_in_the_language_of_who_reads_it(service, app):
    turn = service.begin(service.add_conversation("12"), "1?")
    streams = {
        code: OpenStream(app, f"/turns/{turn.turn_id}/stream", accept_language=code)
        for code in ("de", "ja")
    }
    service.show(turn.turn_id, TurnPhase.WAITING, place=3, wait_seconds=21.3)
    await streams["de"].next_with("An dritter Stelle, etwa 20 Sekunden<")
    await streams["ja"].next_with("3番目に待機中、約20秒<")
    service.finish(turn.turn_id, "2.")
    await streams["de"].next_with("Antwort fertig.")
    await streams["ja"].next_with("回答ができました。")
    for stream in streams.values():
        await stream.leave()


@pytest.mark.parametrize(
    ("header", "code", "words"),
    [
        ("ko-KR,en;q=0.5", "ko", "새 대화"),
        ("ja", "ja", "新しい会話"),
        ("de-AT", "de", "Neue Unterhaltung"),
        ("fr", "en", "New conversation"),
    ],
)
async def test_a_page_comes_in_the_language_that_the_browser_asks_for(client, header, code, words):
    page = (await client.get("/", headers={"accept-language": header})).text
    assert f'<html lang="{code}"' in page and words in page


async def test_an_error_is_said_in_it_too_and_programs_read_english(kept):
    german = {"accept-language": "de"}
    page = (await kept.get("/conversations/0", headers=german)).text
    assert "Diese Unterhaltung gibt es nicht." in page
    answer = await kept.get("/v1/models/none", headers=german)
    assert "Send a key in the header" in answer.text
    answer = await kept.get("/turns/0/stream?format=text", headers=german)
    assert answer.text == "There is no such reply. Its conversation may have been deleted."


async def test_numbers_in_an_error_are_written_as_the_reader_writes_them(kept):
    form = {"client_message_id": "1" * 32, "content": "x" * 250_000}
    answer = await kept.post("/turns", data=form, headers={"accept-language": "de"})
    assert answer.status_code == 422 and "250.000 Zeichen" in answer.text


async def test_a_choice_is_remembered_and_leads_back_to_the_page(kept):
    page = {"referer": "http://box.test/conversations?archived=yes"}
    answer = await kept.post("/language", data={"language": "ja"}, headers=page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/conversations?archived=yes")
    page = (await kept.get("/", headers={"accept-language": "de"})).text
    assert '<html lang="ja"' in page
    assert '<button type="submit" name="language" value="ja" lang="ja" aria-current="true">' in page


@pytest.mark.parametrize(
    "referer", ["", "http://evil.example/", "http://box.test//evil.example/", "nonsense"]
)
async def test_nobody_is_led_to_another_site(kept, referer):
    answer = await kept.post("/language", data={"language": "ko"}, headers={"referer": referer})
    assert answer.status_code == 303
    assert answer.headers["location"] in ("/", "/evil.example/")


async def test_a_language_that_is_not_there_is_refused(kept):
    answer = await kept.post("/language", data={"language": "tlh"})
    assert answer.status_code == 422 and "Choose one of the list" in answer.text
    assert "language" not in kept.cookies


async def test_the_sign_in_page_can_be_read_in_every_language_by_anyone(box: Box):
    await sign_in(box)
    transport = ASGITransport(create_app(box, 80))
    async with AsyncClient(transport=transport, base_url="http://box.test") as stranger:
        page = (await stranger.get("/sign-in")).text
        token = re.findall(r'name="_csrf_token" value="([^"]+)"', page)[0]
        form = {"language": "de", "_csrf_token": token}
        assert (await stranger.post("/language", data=form)).status_code == 303
        assert '<html lang="de"' in (await stranger.get("/sign-in")).text


async def test_a_persons_choice_goes_with_their_account_and_with_no_other(kept, box: Box):
    await sign_in(box, "eve")
    await kept.post("/language", data={"language": "ko"})
    async with box.desk.database.read() as reader:
        rows = await reader.execute_fetchall("SELECT name, language FROM people ORDER BY name")
    assert [tuple(row) for row in rows] == [("eve", ""), ("me", "ko")]


async def test_words_of_confirmation_are_understood_in_the_readers_language(kept, box: Box):
    await exchange(box, "12?")
    german = {"accept-language": "de"}
    assert "alles löschen" in (await kept.get("/data", headers=german)).text
    refused = await kept.post("/data/deletions", data={"confirmation": "etwas"}, headers=german)
    assert refused.status_code == 422 and "alles löschen" in refused.text
    gone = await kept.post(
        "/data/deletions", data={"confirmation": " Alles  löschen "}, headers=german
    )
    assert gone.status_code == 200 and "Endgültig gelöscht" in gone.text


async def test_what_people_say_is_not_said_in_another_way(kept, box: Box):
    started = await exchange(box, "The engine has stopped.")
    path = f"/conversations/{started.conversation.conversation_id}"
    page = (await kept.get(path, headers={"accept-language": "de"})).text
    assert '<div class="words" dir="auto">The engine has stopped.</div>' in page


async def test_a_code_blocks_button_is_labelled_and_its_code_is_left_alone(service, client):
    conversation_id = service.add_conversation("12")
    service.add_exchange(conversation_id, "1?", "```\nCopy\n```\n")
    path = f"/conversations/{conversation_id}"
    page = (await client.get(path, headers={"accept-language": "ko"})).text
    assert '<button type="button" class="copy-code">복사</button>' in page
    assert '<code class="highlight">Copy\n</code>' in page


async def test_a_choice_is_known_in_a_browser_in_which_somebody_signs_in_later(tmp_path):
    async with open_street(tmp_path / "data") as street:
        ann = await street.set_up()
        await ann.post("/language", language="ko")
        other, own = await street.browser(), await street.browser()
        assert '<html lang="en"' in (await other.get("/sign-in")).text
        await other.sign_in("Ann")
        assert '<html lang="ko"' in (await other.get("/")).text
        # What was chosen in a browser stays as it is there.
        await own.post("/language", language="de")
        await own.sign_in("Ann")
        assert '<html lang="de"' in (await own.get("/")).text


async def test_so_do_the_pages_before_anyone_is_in(tmp_path):
    async with open_street(tmp_path / "data") as street:
        street.app = create_app(street.box, 80, BRACKETING)
        visitor = await street.browser()
        setup = f"/setup/{street.box.door.links.setup_key()}"
        await all_said(visitor.client, "/setup", setup, "/setup/wrong", "/nowhere")
        short = await visitor.post(setup, name="me", password="short")
        assert unsaid(short.text) == []
        me = await street.set_up("me")
        made = await me.post("/invitations", role="member", days="7")
        assert unsaid(made.text) == []
        await all_said(visitor.client, found(r"box.test(/invitations/[^\"]+)\"", made))
        await all_said(visitor.client, "/sign-in?out=yes", "/invitations/wrong")
        for _ in range(12):
            refused = await visitor.sign_in("me", "a wrong password")
            assert refused.status_code in (422, 429) and unsaid(refused.text) == []
        assert refused.status_code == 429

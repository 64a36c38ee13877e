import re
from dataclasses import replace

from scripted_box import NOW, SOMEONE_ELSE

from appliance.conversations.box_status import BoxStatus
from appliance.conversations.conversation import TitledBy
from appliance.conversations.opening import SCREENFUL
from appliance.conversations.turn import TurnPhase, TurnStatus
from appliance.routes.page_views import FIRST_QUESTIONS

DAY = 86_400


async def test_an_empty_box_invites_with_four_questions(client):
    page = (await client.get("/")).text
    assert "Hello. What is on your mind?" in page
    assert len(FIRST_QUESTIONS) == 4
    assert page.count('name="question"') == 4


async def test_a_page_is_not_kept_in_a_cache(client):
    assert (await client.get("/")).headers["cache-control"] == "no-store"


async def test_a_conversation_shows_its_messages_in_order(client, service):
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What is rice?", "A **grain**.")
    page = (await client.get(f"/conversations/{conversation_id}")).text
    assert page.index("What is rice?") < page.index("<strong>grain</strong>")
    assert "50 tokens/s · first word after 0.8 s" in page


async def test_someone_elses_conversation_looks_like_none(client, service):
    conversation_id = service.add_conversation("Secret", SOMEONE_ELSE)
    foreign = await client.get(f"/conversations/{conversation_id}")
    unknown = await client.get(f"/conversations/{'0' * 32}")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text == unknown.text
    assert "Secret" not in (await client.get("/")).text


async def test_what_a_person_typed_is_text_and_nothing_else(client, service):
    hostile = '<img src=x onerror="alert(1)"><hx-partial hx-target="body">"\'</title>'
    conversation_id = service.add_conversation(hostile)
    service.add_exchange(conversation_id, hostile, hostile)
    page = (await client.get(f"/conversations/{conversation_id}")).text
    assert "<img" not in page
    assert "<hx-partial" not in page
    assert page.count("</title>") == 1


async def test_a_running_turn_comes_with_all_its_text_so_far(client, service):
    conversation_id = service.add_conversation("Rice")
    turn = service.begin(conversation_id, "What is rice?")
    service.show(turn.turn_id, TurnPhase.WRITING, "A grain, and")
    page = (await client.get(f"/conversations/{conversation_id}")).text
    assert "A grain, and" in page
    assert f'hx-sse:connect="/turns/{turn.turn_id}/stream"' in page
    assert f'hx-delete="/turns/{turn.turn_id}"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert service.followers == 0


async def test_a_failed_turn_says_why_and_offers_another_try(client, service):
    conversation_id = service.add_conversation("Rice")
    turn = service.add_exchange(
        conversation_id, "What?", "", status=TurnStatus.FAILED, error="The disk is full."
    )
    page = (await client.get(f"/conversations/{conversation_id}")).text
    assert "The disk is full." in page
    assert f'hx-post="/turns/{turn.turn_id}/retries"' in page


async def test_every_reply_that_is_over_can_be_tried_again(client, service):
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What?", "A", status=TurnStatus.CANCELLED)
    service.add_exchange(conversation_id, "And?", "B")
    page = (await client.get(f"/conversations/{conversation_id}")).text
    assert "You stopped this reply." in page
    assert page.count('/retries"') == 2
    assert page.count("<span>Retry</span>") == 0, "only the last one asks for it in words"


async def test_a_reply_cut_by_the_limit_says_so(client, service):
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What?", "A", finish_reason="length")
    page = (await client.get(f"/conversations/{conversation_id}")).text
    assert "reached its length limit" in page


async def test_a_long_conversation_shows_its_end_and_the_way_back(client, service, htmx):
    conversation_id = service.add_conversation("Long")
    for number in range(SCREENFUL):
        service.add_exchange(conversation_id, f"question {number}.", f"answer {number}.")
    page = (await client.get(f"/conversations/{conversation_id}")).text
    assert page.count("<article") == SCREENFUL
    assert "question 49." in page
    assert "question 24." not in page
    before = service.messages[conversation_id][SCREENFUL].message_id
    earlier_url = f"/conversations/{conversation_id}?before={before}"
    assert earlier_url in page
    earlier = (await client.get(earlier_url, headers=htmx)).text
    assert earlier.count("<article") == SCREENFUL
    assert "question 24." in earlier
    assert 'id="earlier"' not in earlier


async def test_a_model_that_cannot_be_loaded_leaves_a_page_that_says_what_to_do(client, service):
    service.status = BoxStatus("failed", "a-model", "The model file is damaged. Add it again.")
    page = await client.get("/")
    assert page.status_code == 200
    assert "The model file is damaged. Add it again." in page.text


async def test_the_page_says_where_the_messages_go_when_another_machine_answers(client, service):
    assert "answered by" not in (await client.get("/")).text
    service.status = BoxStatus("ready", "a-model", "Ready.", answered_by="bigbox<b>")
    assert "answered by bigbox&lt;b&gt;</span>" in (await client.get("/")).text


async def test_a_page_looks_again_soon_while_the_model_loads(client, service):
    service.status = BoxStatus("loading", "a-model", "Loading.")
    assert "every 2s" in (await client.get("/")).text
    service.status = BoxStatus("ready", "a-model", "Ready.")
    assert "every 2s" not in (await client.get("/")).text


async def test_the_page_says_how_much_of_the_model_is_loaded_and_that_another_one_comes(
    client, service
):
    service.status = BoxStatus("loading", "a-model", "Loading.", loaded_percent=34)
    assert "Loading the model, 34 %<" in (await client.get("/")).text
    service.status = BoxStatus("loading", "a-model", "Changing.", is_changing=True)
    assert "Changing the model<" in (await client.get("/")).text
    service.status = BoxStatus("ready", "a-model", "Ready.", trouble="b could not be loaded: x.")
    assert "b could not be loaded: x." in (await client.get("/")).text


async def test_an_open_page_notices_each_step_of_a_change(client, service, htmx):
    seen = set()
    for status in (
        BoxStatus("ready", "a", "Ready."),
        BoxStatus("loading", "a", "Changing.", is_changing=True),
        BoxStatus("loading", "b", "Loading.", loaded_percent=10),
        BoxStatus("loading", "b", "Loading.", loaded_percent=60),
        BoxStatus("ready", "b", "Ready."),
        BoxStatus("ready", "a", "Ready.", trouble="b could not be loaded: x."),
    ):
        service.status = status
        found = re.search(r"state=([0-9a-f]+)", (await client.get("/")).text)
        seen.add(found[1])
        current = await client.get(f"/?state={found[1]}", headers=htmx)
        assert current.status_code == 204
    assert len(seen) == 6


async def test_the_theme_of_the_cookie_is_there_from_the_first_byte(client):
    client.cookies["theme"] = "dark"
    assert '<html lang="en" data-theme="dark">' in (await client.get("/")).text


async def test_a_cookie_of_nonsense_changes_nothing(client, service):
    client.cookies["theme"] = "x><script>"
    client.cookies["zone"] = "../../etc/passwd"
    service.add_exchange(service.add_conversation("Rice"), "What?", "That.")
    page = await client.get("/")
    assert page.status_code == 200
    assert 'data-theme="system"' in page.text


async def test_days_are_the_readers_own(client, service):
    conversation_id = service.add_conversation("Night")
    # 2027-01-14 16:00 in UTC is already the 15th in Seoul.
    at = NOW // DAY * DAY - 8 * 3600
    service.add_exchange(conversation_id, "Late?", "Late.", at=at)
    service.add_exchange(conversation_id, "Early?", "Early.", at=at + 10 * 3600)
    utc = (await client.get(f"/conversations/{conversation_id}")).text
    client.cookies["zone"] = "Asia/Seoul"
    seoul = (await client.get(f"/conversations/{conversation_id}")).text
    assert utc.count('class="day"') == 2
    assert seoul.count('class="day"') == 1


async def test_an_open_page_that_is_up_to_date_gets_nothing(client, service, htmx):
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What?", "That.")
    page = (await client.get(f"/conversations/{conversation_id}")).text
    sync_url = re.search(r'id="sync"[^>]*hx-get="([^"]+)"', page)[1]
    same = await client.get(sync_url, headers=htmx)
    assert (same.status_code, same.text) == (204, "")
    service.add_exchange(conversation_id, "And another?", "Yes.")
    news = (await client.get(sync_url, headers=htmx)).text
    assert '<hx-partial hx-target="#messages" hx-swap="innerMorph">' in news
    assert "And another?" in news
    assert "<html" not in news


async def test_a_conversation_deleted_elsewhere_leaves_the_composer_alone(client, service, htmx):
    news = await client.get(f"/conversations/{'0' * 32}", headers=htmx)
    assert news.status_code == 200
    assert "This conversation was deleted." in news.text
    assert "<textarea" not in news.text
    assert news.headers["hx-push-url"] == "/"


async def test_a_page_looks_once_more_while_the_model_may_find_a_title(client, service, htmx):
    conversation_id = service.add_conversation("What is rice?")
    titled = service.conversations[conversation_id]
    service.conversations[conversation_id] = replace(titled, titled_by=TitledBy.BOX)
    turn = service.begin(conversation_id, "What is rice?")
    path = f"/conversations/{conversation_id}"
    assert "load delay" not in (await client.get(path)).text
    service.finish(turn.turn_id, "A grain.")
    page = (await client.get(path)).text
    assert "load delay" in page
    service.conversations[conversation_id] = replace(titled, title="Rice & <b>")
    sync_url = re.findall(r'hx-get="([^"]+state=[^"]+)"', page)[0]
    news = (await client.get(sync_url, headers=htmx)).text
    assert news.startswith("<title>Rice &amp; &lt;b&gt;</title>")
    assert "load delay" not in news

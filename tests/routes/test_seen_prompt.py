import re

import pytest
from open_stream import OpenStream
from scripted_box import SOMEONE_ELSE

from appliance.conversations.turn import TurnCounts, TurnPhase, TurnStatus
from appliance.errors import EngineUnavailable

RECORD = {
    "system_digest": "d",
    "system_tokens": 14,
    "dropped_messages": 6,
    "summary_tokens": 31,
    "summary_messages": 4,
    "window_messages": 3,
    "message_tokens": [9, 12, 10],
    "context_tokens": 8192,
    "context_full": "shift",
    "reply_tokens": 2048,
    "model_name": "a-model",
}
COUNTS = TurnCounts(
    prompt_tokens=1812,
    completion_tokens=101,
    cached_tokens=1700,
    queue_ms=40,
    ttft_ms=820,
    decode_ms=2000,
    prefill_ms=700,
    drafted_tokens=40,
    accepted_tokens=31,
)


@pytest.fixture
def turn(service):
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What <b>is</b> rice?", "A grain.")
    first = service.messages[conversation_id][0].message_id
    return service.add_exchange(
        conversation_id,
        "And wheat?",
        "Another grain.",
        prompt_record={**RECORD, "first_message_id": first},
        counts=COUNTS,
        seed=4711,
        sampling={"temperature": 0.7, "top_k": 40, "stop": [], "grammar": ""},
        model_sha256="ab" * 32,
        attempts=2,
    )


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


async def test_it_is_a_page_by_itself_and_goes_into_the_drawer_of_an_open_one(client, htmx, turn):
    path = f"/turns/{turn.turn_id}/prompt"
    page = await client.get(path)
    assert page.status_code == 200
    assert f'href="/conversations/{turn.conversation_id}#turn-{turn.turn_id}"' in page.text
    assert page.headers["cache-control"] == "no-store"
    fragment = (await client.get(path, headers=htmx)).text
    assert fragment.startswith('<hx-partial hx-target="#drawer-body" hx-swap="innerHTML">')
    for words in (
        "For the reply to “ And wheat? ”",
        "System text You are a helpful assistant. 14",
        "Left out The oldest 6 messages: with the reply they no longer fit into 8,192 tokens.",
        "Summary Of 4 messages, in short. 31",
        "You What &lt;b&gt;is&lt;/b&gt; rice? 9 Reply A grain. 12",
        "You And wheat? 10",
        "Prompt 1,812 Held already 1,700 Newly read 112 Written 101",
        "Guessed ahead, and right 31 of 40",
        "In line 0.04 s Read in 0.70 s First word after 0.82 s Written in 2.00 s",
        "Speed 50.0 tokens/s",
        f"Name a-model SHA-256 {'ab' * 32} Reads and writes at most 8,192 tokens Ended by itself",
        "Begun 2 times, because the box stopped in the middle",
        "Seed 4711 Room for the reply 2,048 tokens Temperature 0.7 Top-k 40",
    ):
        assert words in plain(page.text)
        assert words in plain(fragment)
    # What has to have the page's scripts is not on a page that has none.
    assert "Run again" in fragment and "Run again" not in page.text


async def test_a_reply_leads_to_it_and_one_that_is_being_written_does_not(client, service, turn):
    running = service.begin(turn.conversation_id, "And oats?")
    page = (await client.get(f"/conversations/{turn.conversation_id}")).text
    assert f'hx-get="/turns/{turn.turn_id}/prompt"' in page
    assert f'href="/turns/{turn.turn_id}/prompt"' in page
    assert f"/turns/{running.turn_id}/prompt" not in page


async def test_what_an_older_version_did_not_write_down_is_not_made_up(client, service):
    turn = service.add_exchange(
        service.add_conversation("Rice"),
        "What?",
        "That.",
        prompt_record={"window_messages": 1, "system_tokens": 14},
        counts=TurnCounts(40, 101, 0, 5, 820, 2000),
    )
    words = plain((await client.get(f"/turns/{turn.turn_id}/prompt")).text)
    for words_of_old in (
        "System text not recorded 14",
        "You What? not recorded",
        "Read in not recorded",
        "Name not recorded SHA-256 not recorded Reads and writes at most not recorded",
        "Seed not recorded Room for the reply not recorded Sampling not recorded",
    ):
        assert words_of_old in words


async def test_a_turn_that_came_to_nothing_says_so(client, service):
    turn = service.add_exchange(
        service.add_conversation("Rice"),
        "What?",
        "",
        status=TurnStatus.FAILED,
        finish_reason="error",
        counts=TurnCounts(),
    )
    words = plain((await client.get(f"/turns/{turn.turn_id}/prompt")).text)
    assert "This turn ended before its prompt was put together." in words
    assert "First word none came" in words and "Ended failed" in words


async def test_somebody_elses_turn_is_not_there_and_nothing_of_it_is_run(client, service, htmx):
    foreign = service.add_exchange(service.add_conversation("X", SOMEONE_ELSE), "Secret?", "Yes.")
    for turn_id in (foreign.turn_id, "0" * 32):
        for path in (f"/turns/{turn_id}/prompt", f"/turns/{turn_id}/replay"):
            answer = await client.get(path, headers=htmx)
            assert answer.status_code == 404
            assert "Secret" not in answer.text
    assert service.replays.readers == 0


async def test_a_closed_drawer_is_empty(client, htmx):
    answer = await client.get("/drawer", headers=htmx)
    assert answer.text == '<hx-partial hx-target="#drawer-body" hx-swap="innerHTML"></hx-partial>'


async def test_a_mere_link_runs_nothing(client, service, turn):
    answer = await client.get(f"/turns/{turn.turn_id}/replay")
    assert answer.status_code == 422
    assert "from its details on the page" in answer.text
    assert service.replays.readers == 0


async def test_a_reply_that_is_being_written_is_not_run_beside_itself(client, service, htmx):
    turn = service.begin(service.add_conversation("Rice"), "What?")
    answer = await client.get(f"/turns/{turn.turn_id}/replay", headers=htmx)
    assert answer.status_code == 409
    assert "still being written" in answer.text


@pytest.fixture
def run_again(app, turn):
    return lambda: OpenStream(app, f"/turns/{turn.turn_id}/replay", hx_request="true")


async def test_a_run_is_told_from_waiting_to_the_same_text(service, run_again):
    stream, replays = run_again(), service.replays
    replays.show(TurnPhase.WAITING, others=2)
    first = await stream.next_with("it is busy with 2 other runs.")
    assert "Another grain." in first  # the first reply stands beside it from the beginning
    replays.show(TurnPhase.READING)
    assert "Reading the same prompt." in await stream.next_with("#replay-status")
    for text, more in (("Another", "Another"), ("Another grain", " grain")):
        replays.show(TurnPhase.WRITING, text)
        told = await stream.next_with('hx-target="#replay-now" hx-swap="beforeend"')
        assert told.endswith(f">{more}</hx-partial>")
    replays.show(TurnPhase.ENDED, "Another grain.")
    ((_, ending),) = await stream.rest()
    assert "The same, word for word." in ending
    assert "<mark>" not in ending
    assert "more than one go" in ending  # what the record says about the first time


async def test_one_that_begins_anew_takes_its_words_back(service, run_again):
    stream, replays = run_again(), service.replays
    replays.show(TurnPhase.LOADING)
    await stream.next()
    replays.show(TurnPhase.WRITING, "Another")
    await stream.next_with(">Another<")
    replays.show(TurnPhase.WAITING, others=1)
    told = await stream.next_with("busy with 1 other run.")
    assert '<hx-partial hx-target="#replay-now" hx-swap="innerHTML"></hx-partial>' in told
    await stream.leave()


@pytest.mark.parametrize(
    ("now", "words", "marked"),
    [
        ("Another plant.", "The same for the first 8 characters, then they part.", "plant."),
        ("Another gr", "this one ends after 10 characters.", ""),
        ("Another grain. And", "for all 14 characters of the first one; this one goes on.", " And"),
        ("<i>No.", "Another text from the first character on.", "&lt;i&gt;No."),
    ],
)
async def test_another_text_is_marked_from_where_it_differs(service, run_again, now, words, marked):
    stream = run_again()
    service.replays.show(TurnPhase.ENDED, now)
    ((_, ending),) = await stream.rest()
    assert words in ending
    assert "without anything being wrong" in ending
    assert not marked or f"<mark>{marked}</mark></div>" in ending
    assert "<i>" not in ending


async def test_what_differs_since_is_listed_instead_of_a_run(service, run_again):
    stream = run_again()
    why = ("The system text is another one now.", "b-model is loaded.")
    service.replays.show(TurnPhase.ENDED, differences=why)
    ((_, ending),) = await stream.rest()
    assert "It cannot be run again as it was, so it was not." in ending
    assert all(f"<li>{reason}</li>" in ending for reason in why)
    assert "replay-now" not in ending


async def test_a_failure_is_said_where_the_text_would_be(service, run_again):
    stream = run_again()
    service.replays.show(TurnPhase.LOADING)
    await stream.next()
    service.replays.fail(EngineUnavailable("The model is gone. Choose another one."))
    ((_, ending),) = await stream.rest()
    assert ending.startswith('<hx-partial hx-target="#replay"')
    assert 'role="alert">The model is gone.' in ending


async def test_whoever_leaves_ends_the_run(service, run_again):
    stream = run_again()
    service.replays.show(TurnPhase.LOADING)
    await stream.next()
    assert service.replays.readers == 1
    await stream.leave()
    assert service.replays.readers == 0

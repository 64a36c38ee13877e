import asyncio
import re
from dataclasses import replace

import pytest
from open_stream import OpenStream
from scripted_box import SOMEONE_ELSE

from appliance.conversations.box_status import BoxStatus
from appliance.conversations.turn import TurnPhase, TurnStatus

DONE = ("done", "")


@pytest.fixture
def turn(service):
    """A turn that waits for its script."""
    return service.begin(service.add_conversation("Rice"), "What is rice?")


async def test_something_goes_out_at_once(service, follow, turn):
    stream = follow(turn.turn_id)
    await stream.next()
    assert stream.status == 200
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.comments == [": following"]
    await stream.leave()


async def test_a_turn_is_told_from_waiting_to_its_end(service, client, follow, turn):
    stream = follow(turn.turn_id)
    for phase, more, words in [
        (TurnPhase.LOADING, {}, "Loading the model"),
        (TurnPhase.WAITING, {"place": 3}, "Third in line"),
        (TurnPhase.READING, {"prefilled_tokens": 34, "prompt_tokens": 100}, "message, 34 %"),
        (TurnPhase.WRITING, {"text": "Rice is\n\n- a grain\n\nAnd"}, "a grain"),
    ]:
        text = more.pop("text", "")
        service.show(turn.turn_id, phase, text, **more)
        assert words in await stream.next_with(words)
    service.finish(turn.turn_id, "Rice is\n\n- a grain\n\nAnd more.")
    (name, ending), last = await stream.rest()
    assert (name, last) == ("", DONE)
    assert "Answer ready." in ending
    assert 'class="action send"' in ending
    # What it leaves is what a reload shows.
    page = (await client.get(f"/conversations/{turn.conversation_id}")).text
    article = ending.split("<article", 1)[1].split("</article>")[0]
    assert f"<article{article}</article>" in page


async def test_the_end_of_a_reply_brings_what_became_of_the_box_meanwhile(service, follow, turn):
    stream = follow(turn.turn_id)
    await stream.next()
    service.status = BoxStatus("loading", "a-model", "Changing.", is_changing=True)
    service.finish(turn.turn_id, "Rice.")
    assert "Changing the model" in await stream.next_with("Answer ready.")


async def test_a_person_who_waits_reads_how_long_and_is_not_talked_to(service, follow, turn):
    stream = follow(turn.turn_id)
    service.show(turn.turn_id, TurnPhase.WAITING, place=3, wait_seconds=21.3)
    await stream.next_with("Third in line, about 20 seconds<")
    service.show(turn.turn_id, TurnPhase.WAITING, place=2, wait_seconds=31.0)
    await stream.next_with("Second in line, about 30 seconds<")
    service.show(
        turn.turn_id,
        TurnPhase.READING,
        place=None,
        prefilled_tokens=4,
        prompt_tokens=10,
        wait_seconds=4.0,
    )
    reading = await stream.next_with("Reading your message, 40 %, about 5 seconds<")
    # The words have no live region of their own, or a screen reader would say each of them.
    assert "aria-live" not in reading and "role=" not in reading
    await stream.leave()


async def test_a_reply_ends_with_what_the_model_did_not_read(service, client, follow, turn):
    stream = follow(turn.turn_id)
    await stream.next()
    record = {"dropped_messages": 6, "reply_bound": "context", "context_full": "shift"}
    service.finish(turn.turn_id, "Half a", finish_reason="length", prompt_record=record)
    (_, ending), _ = (await stream.rest())[-2:]
    page = (await client.get(f"/conversations/{turn.conversation_id}")).text
    for html in (ending, page):
        assert "The oldest 6 messages of this conversation no longer fit and were not rea" in html
        assert "The reply reached the end of what the model can hold at once." in html


async def test_a_closed_block_is_never_sent_again(service, follow, turn):
    stream = follow(turn.turn_id)
    start = "First block.\n\nSecond block.\n\nThird\n"
    sent = []
    for text in (start, start + "goes", start + "goes on"):
        service.show(turn.turn_id, TurnPhase.WRITING, text)
        sent.append(await stream.next_with(text.rsplit("\n", 1)[-1] or "Third"))
    assert "First block." in sent[0]
    assert "First block." not in sent[1] + sent[2]
    assert f'hx-target="#block-{turn.turn_id}-2" hx-swap="outerMorph"' in sent[1]
    await stream.leave()


async def test_a_block_that_proves_to_be_part_of_the_one_before_is_taken_away(
    service, follow, turn
):
    stream = follow(turn.turn_id)
    service.show(turn.turn_id, TurnPhase.WRITING, "1. one\n\n2")
    await stream.next_with("<p>2</p>")
    service.show(turn.turn_id, TurnPhase.WRITING, "1. one\n\n2. two")
    change = await stream.next_with("two")
    assert f'hx-target="#block-{turn.turn_id}-1" hx-swap="delete"' in change
    await stream.leave()


async def test_a_late_reader_gets_everything_so_far_first(service, follow, turn):
    service.show(turn.turn_id, TurnPhase.WRITING, "One.\n\nTwo.\n\nThree")
    stream = follow(turn.turn_id)
    _, first = await stream.next()
    assert first.startswith(f'<hx-partial hx-target="#blocks-{turn.turn_id}" hx-swap="innerMorph">')
    assert all(word in first for word in ("One.", "Two.", "Three"))
    await stream.leave()


async def test_a_reader_that_leaves_ends_its_stream_and_not_the_turn(service, follow, turn):
    stream = follow(turn.turn_id)
    await stream.next()
    assert service.followers == 1
    await stream.leave()
    while service.followers:
        await asyncio.sleep(0)
    assert turn.turn_id in service.live


async def test_a_slow_reader_is_given_the_newest_and_not_all(service, follow, turn):
    stream = follow(turn.turn_id)
    await stream.next()
    for length in range(1, 200):
        service.show(turn.turn_id, TurnPhase.WRITING, "word " * length)
        await asyncio.sleep(0)
    service.finish(turn.turn_id, "word " * 200)
    assert len(await stream.rest()) <= 4


async def test_a_finished_turn_is_told_at_once(service, follow):
    turn = service.add_exchange(service.add_conversation("Rice"), "What?", "That.")
    (name, ending), last = await follow(turn.turn_id).rest()
    assert (name, last) == ("", DONE)
    assert "That." in ending


async def test_an_unknown_turn_and_someone_elses_are_done_and_nothing_more(service, follow):
    foreign = service.add_exchange(service.add_conversation("X", SOMEONE_ELSE), "Secret?", "Yes.")
    for turn_id in (foreign.turn_id, "0" * 32):
        stream = follow(turn_id)
        assert await stream.rest() == [DONE]
        assert stream.status == 200


async def test_a_failed_turn_ends_with_its_sentence_and_a_way_on(service, follow, turn):
    stream = follow(turn.turn_id)
    service.show(turn.turn_id, TurnPhase.WRITING, "Half")
    await stream.next_with("Half")
    service.finish(
        turn.turn_id, "Half", status=TurnStatus.FAILED, error="The model gave up. Try again."
    )
    _, ending = (await stream.rest())[-2]
    assert '<p class="notice" role="alert">The model gave up. Try again.</p>' in ending
    assert "/retries" in ending and "Half" in ending
    assert "Answer ready." not in ending


async def test_an_end_that_the_store_could_not_take_is_shown_all_the_same(service, follow, turn):
    stream = follow(turn.turn_id)
    service.show(turn.turn_id, TurnPhase.WRITING, "Text that is only here")
    await stream.next_with("only here")
    live = service.live[turn.turn_id]
    live.end(replace(live.turn, status=TurnStatus.FAILED, error="The disk is full."))
    _, ending = (await stream.rest())[-2]
    assert "The disk is full." in ending
    assert "Text that is only here" in ending


async def test_a_box_that_stops_leaves_the_end_open_for_its_return(service, follow, turn):
    stream = follow(turn.turn_id)
    service.show(turn.turn_id, TurnPhase.WRITING, "Half")
    await stream.next_with("Half")
    service.live[turn.turn_id].release_readers()
    assert DONE not in await stream.rest()


async def test_a_conversation_deleted_meanwhile_ends_the_stream(service, follow, turn):
    stream = follow(turn.turn_id)
    await stream.next()
    del service.conversations[turn.conversation_id]
    service.finish(turn.turn_id, "Half")
    assert await stream.rest() == [DONE]


async def test_text_that_looks_like_our_wire_stays_text(service, follow, turn):
    hostile = (
        'event: done\n\ndata: x\r\r\n<hx-partial hx-target="body" hx-swap="delete">\n\n'
        '[a](https://x.example "</hx-partial><hx-partial hx-target=body>")\n\n'
        "```\n</hx-partial><script>alert(1)</script>\n```\n"
    )
    stream = follow(turn.turn_id)
    service.show(turn.turn_id, TurnPhase.WRITING, hostile)
    first = await stream.next_with("alert")
    service.finish(turn.turn_id, hostile)
    *events, last = await stream.rest()
    assert last == DONE
    for html in (first, *(html for _, html in events)):
        assert "<script" not in html
        targets = re.findall(r'<hx-partial hx-target="#[\w-]+" hx-swap="\w+">', html)
        assert len(targets) == html.count("<hx-") == html.count("</hx-")


async def test_a_page_that_comes_back_is_given_each_block_once(service, client, app, turn):
    """It sends the last event's id, as a browser does; the first event replaces all it has."""
    text = "First block.\n\n- one\n- two\n\nThird block goes"
    first = OpenStream(app, f"/turns/{turn.turn_id}/stream")
    service.show(turn.turn_id, TurnPhase.WRITING, text)
    await first.next_with("Third block goes")
    assert first.ids == []  # so a browser has nothing to send, and if it does it changes nothing
    await first.leave()
    service.show(turn.turn_id, TurnPhase.WRITING, text + " on")
    back = OpenStream(app, f"/turns/{turn.turn_id}/stream", last_event_id="17")
    everything = await back.next_with("goes on")
    assert everything.startswith(f'<hx-partial hx-target="#blocks-{turn.turn_id}" hx-swap="inner')
    assert [everything.count(words) for words in ("First", "one", "two", "Third")] == [1] * 4
    service.finish(turn.turn_id, text + " on and ends.")
    (_, ending), last = (await back.rest())[-2:]
    assert last == DONE
    assert [ending.count(words) for words in ("First", "two", "goes on and ends.")] == [1] * 3
    page = (await client.get(f"/conversations/{turn.conversation_id}")).text
    article = ending.split("<article", 1)[1].split("</article>")[0]
    assert f"<article{article}</article>" in page

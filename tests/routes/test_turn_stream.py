"""A turn as plain text for programs, read by several at once and taken up again anywhere."""

import asyncio
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from open_stream import Event, OpenStream
from scripted_box import SOMEONE_ELSE

from appliance.conversations.turn import Turn, TurnPhase, TurnSnapshot, TurnStatus
from appliance.routes.turn_stream import TextReader

# What breaks a count of bytes, of UTF-16 units or of lines.
TEXT = "Rice 🍚 은\r\nis\ra\u2028grain.\n\nevent: done\n\n그리고 👩‍🌾 more."


@pytest.fixture
def turn(service):
    """A turn that waits for its script."""
    return service.begin(service.add_conversation("Rice"), "What is rice?")


@pytest.fixture
def read(app) -> Callable[..., OpenStream]:
    def begin(turn: Turn, after: object = "", **headers: str) -> OpenStream:
        path = f"/turns/{turn.turn_id}/stream?format=text"
        return OpenStream(app, f"{path}&after={after}" if after != "" else path, **headers)

    return begin


def joined(events: list[Event], has: str = "") -> str:
    """What a program holds after these events, if it held `has` before."""
    for name, data in events:
        told = json.loads(data)
        if name == "snapshot":
            has = told["text"]
        elif name == "delta":
            has += told["text"]
    return has


async def test_first_comes_all_so_far_then_what_follows_then_the_end(service, read, turn):
    service.show(turn.turn_id, TurnPhase.WRITING, TEXT[:7])
    stream = read(turn)
    name, data = await stream.next()
    assert (name, json.loads(data)) == ("snapshot", {"text": TEXT[:7]})
    service.show(turn.turn_id, TurnPhase.WRITING, TEXT[:12])
    name, data = await stream.next()
    assert (name, json.loads(data)) == ("delta", {"text": TEXT[7:12]})
    service.finish(turn.turn_id, TEXT)
    rest = await stream.rest()
    assert joined(rest, TEXT[:12]) == TEXT
    name, data = rest[-1]
    ending = json.loads(data)
    assert (name, ending["status"], ending["finish_reason"]) == ("done", "finished", "stop")
    assert ending["counts"]["completion_tokens"] == 101
    assert ending["characters"] == len(TEXT)
    assert stream.ids == ["7", "12", *[str(len(TEXT))] * len(rest)]
    assert stream.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("has", [0, 5, 6, 8, 9, 10, 20, 33, len(TEXT)])
async def test_it_goes_on_at_exactly_the_character_that_was_said(service, read, turn, has):
    service.show(turn.turn_id, TurnPhase.WRITING, TEXT[:20])
    by_query, by_header = read(turn, has), read(turn, last_event_id=str(has))
    plain = read(turn)
    await plain.next()
    service.finish(turn.turn_id, TEXT)
    for stream in (by_query, by_header):
        events = await stream.rest()
        if has <= 20:
            assert "snapshot" not in [name for name, _ in events]
        assert joined(events, TEXT[:has]) == TEXT
    assert joined(await plain.rest(), TEXT[:20]) == TEXT


async def test_what_a_reconnecting_client_says_last_counts(service, read, turn):
    service.show(turn.turn_id, TurnPhase.WRITING, TEXT)
    stream = read(turn, 3, last_event_id="9")
    assert joined([await stream.next()]) == TEXT[9:]
    await stream.leave()


async def test_many_readers_of_one_turn_all_get_the_whole_text(service, read, turn):
    streams = [read(turn, after) for after in ["", *range(0, len(TEXT), 3)]]
    starts = ["", *(TEXT[:after] for after in range(0, len(TEXT), 3))]
    while service.followers < len(streams):
        await asyncio.sleep(0)
    for end in range(0, len(TEXT), 5):
        service.show(turn.turn_id, TurnPhase.WRITING, TEXT[:end])
    service.finish(turn.turn_id, TEXT)
    for stream, start in zip(streams, starts, strict=True):
        assert joined(await stream.rest(), start) == TEXT


async def test_a_reader_that_knows_more_than_there_is_begins_anew(service, read, turn):
    service.show(turn.turn_id, TurnPhase.WRITING, "Rice")
    stream = read(turn, 90)
    assert (await stream.next())[0] == "snapshot"
    await stream.leave()


async def test_after_a_crash_what_may_have_been_said_otherwise_is_said_anew(service, read, turn):
    service.live[turn.turn_id]._unsure_from = 4  # the checkpoint had come so far
    service.show(turn.turn_id, TurnPhase.WRITING, "Rice was a grain")
    sure, unsure = read(turn, 4), read(turn, 8)
    assert (await sure.next())[0] == "delta"
    name, data = await unsure.next()
    assert (name, json.loads(data)["text"]) == ("snapshot", "Rice was a grain")
    service.show(turn.turn_id, TurnPhase.WRITING, "Rice was a grain.")
    assert (await unsure.next())[0] == "delta"  # it has the same as everybody now
    for stream in (sure, unsure):
        await stream.leave()


async def test_a_finished_turn_is_told_at_once(service, app):
    turn = service.add_exchange(service.add_conversation("Rice"), "What?", "That.")
    stream = OpenStream(app, f"/turns/{turn.turn_id}/stream?format=text")
    assert [name for name, _ in await stream.rest()] == ["snapshot", "done"]


async def test_a_failure_and_a_stop_are_told_with_their_reason(service, read, turn):
    stream = read(turn)
    service.finish(turn.turn_id, "Ri", status=TurnStatus.FAILED, error="The model gave up.")
    (_, data) = (await stream.rest())[-1]
    assert (json.loads(data)["status"], json.loads(data)["error"]) == (
        "failed",
        "The model gave up.",
    )


async def test_a_box_that_stops_leaves_the_end_open_for_its_return(service, read, turn):
    stream = read(turn)
    await stream.next()
    service.live[turn.turn_id].release_readers()
    assert "done" not in [name for name, _ in await stream.rest()]


async def test_an_unknown_turn_and_someone_elses_are_not_there(service, client):
    foreign = service.add_exchange(service.add_conversation("X", SOMEONE_ELSE), "Secret?", "Yes.")
    for turn_id in (foreign.turn_id, "0" * 32):
        answer = await client.get(f"/turns/{turn_id}/stream?format=text")
        assert answer.status_code == 404
        assert answer.text.startswith("There is no such")
        assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "٣", "9" * 5000, "1 or 1=1"])
async def test_a_place_that_is_no_number_is_refused_with_a_sentence(client, turn, after):
    path = f"/turns/{turn.turn_id}/stream"
    for answer in (
        await client.get(path, params={"format": "text", "after": after}),
        await client.get(f"{path}?format=text", headers={"Last-Event-ID": after.encode()}),
    ):
        assert answer.status_code == 422
        assert "number of characters you have" in answer.text
    assert (await client.get(f"{path}?format=xml")).status_code == 422


def taken(reader: TextReader, held: str, text: str, status: TurnStatus) -> str:
    """What a program that held something holds after the next snapshot."""
    snapshot = TurnSnapshot(Turn("t", "c", "m", None, status, 0), TurnPhase.WRITING, text)
    return joined([(event.event, event.data) for event in reader.events(snapshot)], held)


@settings(deadline=None)
@given(st.text(), st.lists(st.integers(0, 40)), st.integers(0, 60))
def test_at_any_pace_and_from_any_place_it_ends_with_exactly_the_whole_text(text, ends, has):
    reader, held = TextReader(has), text[:has]
    for end in sorted(ends):
        held = taken(reader, held, text[:end], TurnStatus.RUNNING)
    assert taken(reader, held, text, TurnStatus.FINISHED) == text


def test_whoever_takes_long_gets_one_long_delta_and_no_queue():
    reader = TextReader()
    taken(reader, "", "a" * 10, TurnStatus.RUNNING)
    turn = Turn("t", "c", "m", None, TurnStatus.RUNNING, 0)
    (delta,) = reader.events(TurnSnapshot(turn, TurnPhase.WRITING, "a" * 10_000))
    assert len(json.loads(delta.data)["text"]) == 9_990

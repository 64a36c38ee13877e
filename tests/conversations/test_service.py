"""What a person can do with conversations, over a real database and a scripted model."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import asdict, astuple, replace
from typing import Any

import pytest
from canary import in_files
from conversation_steps import follow_to_end, held_words, say, step_until, wait_for_text
from fakes import ScriptedBackend
from pysqlite3 import dbapi2 as sqlite

from appliance.conversations.conversation import Person, new_id
from appliance.conversations.turn import TurnPhase, TurnStatus
from appliance.engine.events import Progress
from appliance.errors import (
    Conflict,
    InvalidInput,
    ModelRefused,
    NotFound,
    PromptTooLong,
    QueueFull,
)
from appliance.lifespan import Box

OpenBox = Callable[..., Awaitable[Box]]


def rows(box: Box, sql: str) -> list[Any]:
    """What a second, independent connection finds in the file."""
    connection = sqlite.connect(f"file:{box.desk.database.path}?mode=ro", uri=True)
    try:
        return list(connection.execute(sql).fetchall())
    finally:
        connection.close()


async def test_a_message_is_on_disk_when_it_is_accepted_and_its_reply_before_done(box: Box) -> None:
    started = await say(box, "Hello")
    assert rows(box, "SELECT content FROM messages WHERE role = 'user'") == [("Hello",)]
    snapshots = await follow_to_end(box, started.turn.turn_id)
    assert rows(box, "SELECT content FROM messages WHERE role = 'assistant'") == [
        ("A short reply.",)
    ]
    last = snapshots[-1]
    assert (last.phase, last.turn.status) == (TurnPhase.ENDED, TurnStatus.FINISHED)
    assert last.text == "A short reply."
    assert last.turn.counts.completion_tokens == len("A short reply.")
    assert last.turn.counts.ttft_ms is not None


async def test_what_a_turn_cost_is_stored_with_it(box: Box) -> None:
    first = await say(box, "Hello")
    await follow_to_end(box, first.turn.turn_id)
    second = await say(box, "And again", first.conversation.conversation_id)
    counts = (await follow_to_end(box, second.turn.turn_id))[-1].turn.counts
    assert counts.cached_tokens > 0
    columns = ", ".join(asdict(counts))
    assert rows(box, f"SELECT {columns} FROM turns")[-1] == astuple(counts)
    # Each is rounded by itself.
    assert counts.prefill_ms + counts.queue_ms <= (counts.ttft_ms or 0) + 1


async def test_a_conversation_shows_its_branch_and_how_its_turns_stand(box: Box) -> None:
    first = await say(box, "Hello")
    await follow_to_end(box, first.turn.turn_id)
    second = await say(box, "And again", first.conversation.conversation_id)
    await follow_to_end(box, second.turn.turn_id)
    opened = await box.desk.service.open_conversation(
        box.person, first.conversation.conversation_id
    )
    assert [m.content for m in opened.messages] == [
        "Hello",
        "A short reply.",
        "And again",
        "A short reply.",
    ]
    assert {t.status for t in opened.turns.values()} == {TurnStatus.FINISHED}
    assert opened.conversation.title == "Hello"


async def test_the_model_sees_the_earlier_messages(open_scripted: OpenBox) -> None:
    prompts: list[str] = []

    def remember(sequence: Any) -> str:
        prompts.append("".join(map(chr, sequence.tokens[: sequence.prompt_tokens])))
        return "ok"

    box = await open_scripted(ScriptedBackend(remember))
    first = await say(box, "My name is Ann")
    await follow_to_end(box, first.turn.turn_id)
    second = await say(box, "What is my name?", first.conversation.conversation_id)
    await follow_to_end(box, second.turn.turn_id)
    assert "user: My name is Ann\nassistant: ok\nuser: What is my name?" in prompts[-1]


async def test_the_boxs_own_words_are_read_once_for_everybody(open_scripted: OpenBox) -> None:
    box = await open_scripted(
        ScriptedBackend(lambda sequence: "ok"), assistant={"system_prompt": "Be kind. " * 20}
    )
    first = await say(box, "A secret")
    await follow_to_end(box, first.turn.turn_id)
    async with box.desk.database.write() as tx:
        await tx.execute(
            "INSERT INTO people (person_id, name, created_at) VALUES ('eve', 'Eve', 0)"
        )
    eve = Person(box.person.person_key + 1, "eve", "Eve")
    second = await box.desk.service.start_turn(
        eve, conversation_id=None, content="A secret too", client_message_id=new_id()
    )
    counts = (await follow_to_end(box, second.turn.turn_id, eve))[-1].turn.counts
    assert len("system: " + "Be kind. " * 20) - 2 <= counts.cached_tokens
    assert counts.cached_tokens < len("system: " + "Be kind. " * 20 + "user: A")


async def test_the_same_message_sent_twice_is_one_message(box: Box) -> None:
    client_id = new_id()
    first = await say(box, "Hello", client_id=client_id)
    again = await say(box, "Hello", client_id=client_id)
    assert again.is_repeat
    assert again.turn.turn_id == first.turn.turn_id
    assert rows(box, "SELECT count(*) FROM messages WHERE role = 'user'") == [(1,)]


async def test_five_clicks_at_once_are_one_message(box: Box) -> None:
    client_id = new_id()
    answers = await asyncio.gather(*(say(box, "Hello", client_id=client_id) for _ in range(5)))
    assert len({answer.turn.turn_id for answer in answers}) == 1
    assert sum(not answer.is_repeat for answer in answers) == 1
    assert rows(box, "SELECT count(*) FROM conversations") == [(1,)]


async def test_one_reply_at_a_time_in_a_conversation(open_scripted: OpenBox) -> None:
    box = await open_scripted(ScriptedBackend(gated=True))
    first = await say(box, "Hello")
    with pytest.raises(Conflict, match="still being written"):
        await say(box, "Impatient", first.conversation.conversation_id)
    assert rows(box, "SELECT content FROM messages") == [("Hello",)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "The message is empty"),
        (" \n\t ", "The message is empty"),
        ("x" * 32_001, "32,001 characters; at most 32,000"),
        ("a\0b", "NUL byte"),
        ("a\ud800b", "lone surrogate"),
    ],
)
async def test_what_cannot_be_accepted_gets_a_sentence_and_leaves_nothing(
    box: Box, content: str, sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        await say(box, content)
    assert rows(box, "SELECT count(*) FROM conversations") == [(0,)]


async def test_a_message_longer_than_the_context_is_refused_when_it_is_sent(
    open_scripted: OpenBox,
) -> None:
    box = await open_scripted(ScriptedBackend(context_tokens=300))
    await box.generations.wait_ready()
    with pytest.raises(PromptTooLong, match="Shorten it or send it in parts"):
        await say(box, "x" * 400)
    assert rows(box, "SELECT count(*) FROM messages") == [(0,)]


async def test_an_id_that_no_page_made_is_refused(box: Box) -> None:
    with pytest.raises(InvalidInput, match="Reload the page"):
        await say(box, "Hello", client_id="'; DROP TABLE messages --")


async def test_a_reader_learns_how_long_it_may_take(open_scripted: OpenBox) -> None:
    box = await open_scripted(ScriptedBackend(gated=True))
    started = await say(box, "Hello")
    live = box.desk.runner.find(box.person, started.turn.turn_id)
    assert live is not None
    reader = live.follow()
    await anext(reader)
    for place, wait_seconds in ((2, 12.5), (1, 20.0), (None, 3.0), (None, None)):
        box.desk.runner._take(live, Progress("s", place, 0, 10, wait_seconds))
        snapshot = await anext(reader)
        assert (snapshot.place, snapshot.wait_seconds) == (place, wait_seconds)
    await reader.aclose()


async def test_stop_keeps_what_was_written_and_frees_the_slot(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(lambda sequence: "one two three four " * 50, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Count")
    backend.let(10)
    await wait_for_text(box, started.turn.turn_id, 7)
    await step_until(backend, box.desk.service.stop_turn(box.person, started.turn.turn_id))
    turn = await box.desk.service.find_turn(box.person, started.turn.turn_id)
    assert turn.status is TurnStatus.CANCELLED
    opened = await box.desk.service.open_conversation(
        box.person, started.conversation.conversation_id
    )
    assert ("one two three four " * 50).startswith(opened.messages[-1].content)
    assert len(opened.messages[-1].content) >= 7
    assert not backend.open


async def test_stop_works_before_the_model_is_loaded(open_scripted: OpenBox) -> None:
    may_load = threading.Event()

    box = await open_scripted(ScriptedBackend(), load_after=may_load)
    started = await say(box, "Hello")
    assert box.desk.service.box_status().state == "loading"
    await box.desk.service.stop_turn(box.person, started.turn.turn_id)
    turn = await box.desk.service.find_turn(box.person, started.turn.turn_id)
    assert turn.status is TurnStatus.CANCELLED
    may_load.set()


async def test_a_message_sent_while_the_model_loads_is_answered_when_it_has(
    open_scripted: OpenBox,
) -> None:
    may_load = threading.Event()
    box = await open_scripted(ScriptedBackend(lambda sequence: "Here I am."), load_after=may_load)
    started = await say(box, "Are you there?")
    snapshots = box.desk.service.follow_turn(box.person, started.turn.turn_id)
    assert (await anext(snapshots)).phase is TurnPhase.LOADING
    may_load.set()
    assert [s async for s in snapshots][-1].text == "Here I am."


async def test_a_model_that_cannot_be_loaded_fails_the_turn_and_keeps_the_message(
    open_scripted: OpenBox,
) -> None:
    box = await open_scripted(ScriptedBackend(), load_error=ModelRefused("The file is damaged."))
    started = await say(box, "Hello")
    last = (await follow_to_end(box, started.turn.turn_id))[-1]
    assert (last.turn.status, last.turn.error) == (TurnStatus.FAILED, "The file is damaged.")
    assert box.desk.service.box_status().state == "failed"
    assert rows(box, "SELECT content FROM messages") == [("Hello",)]


async def test_retry_writes_another_reply_beside_the_first(box: Box) -> None:
    first = await say(box, "Hello")
    await follow_to_end(box, first.turn.turn_id)
    second = await box.desk.service.retry_turn(box.person, first.turn.turn_id)
    await follow_to_end(box, second.turn.turn_id)
    assert rows(box, "SELECT count(*) FROM messages WHERE role = 'assistant'") == [(2,)]
    opened = await box.desk.service.open_conversation(
        box.person, first.conversation.conversation_id
    )
    assert len(opened.messages) == 2
    assert opened.turns[first.message.message_id].turn_id == second.turn.turn_id


async def test_so_many_open_turns_and_no_more(open_scripted: OpenBox) -> None:
    box = await open_scripted(ScriptedBackend(gated=True), engine={"slots": 1, "waiting_limit": 2})
    for number in range(3):
        await say(box, f"Message {number}")
    with pytest.raises(QueueFull, match="Try again in a minute"):
        await say(box, "One too many")
    assert rows(box, "SELECT count(*) FROM messages") == [(3,)]


async def test_a_reply_does_not_need_a_reader(box: Box) -> None:
    started = await say(box, "Hello")
    reader = box.desk.service.follow_turn(box.person, started.turn.turn_id)
    await anext(reader)
    await reader.aclose()
    assert (await follow_to_end(box, started.turn.turn_id))[-1].text == "A short reply."


async def test_a_slow_reader_skips_to_the_newest_text(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(lambda sequence: "x" * 200, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Hello")
    slow = box.desk.service.follow_turn(box.person, started.turn.turn_id)
    await anext(slow)
    backend.let(1000)
    await follow_to_end(box, started.turn.turn_id)
    rest = [snapshot async for snapshot in slow]
    assert len(rest) <= 2
    assert rest[-1].text == "x" * 200


async def test_a_turn_that_is_over_can_still_be_followed(box: Box) -> None:
    started = await say(box, "Hello")
    await follow_to_end(box, started.turn.turn_id)
    (snapshot,) = await follow_to_end(box, started.turn.turn_id)
    assert (snapshot.phase, snapshot.text) == (TurnPhase.ENDED, "A short reply.")


async def test_rename_takes_one_clean_line(box: Box) -> None:
    started = await say(box, "Hello")
    conversation_id = started.conversation.conversation_id
    renamed = await box.desk.service.rename_conversation(
        box.person, conversation_id, "  Rain\nand\tsea  "
    )
    assert renamed.title == "Rain and sea"
    (listed,) = await box.desk.service.list_conversations(box.person)
    assert listed.title == "Rain and sea"
    for bad in ("", "  ", "x" * 121, "a\0"):
        with pytest.raises(InvalidInput):
            await box.desk.service.rename_conversation(box.person, conversation_id, bad)


async def test_delete_takes_everything_and_says_how_much(box: Box) -> None:
    started = await say(box, "A word that must be gone: zanzibar")
    await follow_to_end(box, started.turn.turn_id)
    folder = box.desk.database.path.parent
    assert in_files("zanzibar", folder), "the search finds nothing at all"
    receipt = await box.desk.service.delete_conversation(
        box.person, started.conversation.conversation_id
    )
    assert (receipt.conversations, receipt.messages, receipt.turns) == (1, 2, 1)
    with pytest.raises(NotFound):
        await box.desk.service.open_conversation(box.person, started.conversation.conversation_id)
    assert not in_files("zanzibar", folder)


async def test_delete_takes_the_words_out_of_the_kv_cache(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(lambda sequence: "ok")
    box = await open_scripted(backend)
    started = await say(box, "A word that must be gone: zanzibar")
    await follow_to_end(box, started.turn.turn_id)
    assert any("zanzibar" in text for text in held_words(backend))
    await box.desk.service.delete_conversation(box.person, started.conversation.conversation_id)
    assert not any("zanzibar" in text for text in held_words(backend))


async def test_delete_stops_a_reply_that_is_being_written(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(lambda sequence: "x" * 500, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Hello")
    backend.let(20)
    await wait_for_text(box, started.turn.turn_id, 5)
    deleting = box.desk.service.delete_conversation(
        box.person, started.conversation.conversation_id
    )
    await step_until(backend, deleting)
    assert not backend.open
    assert rows(box, "SELECT count(*) FROM turns") == [(0,)]


async def test_another_persons_ids_lead_nowhere(box: Box) -> None:
    started = await say(box, "Mine alone")
    await follow_to_end(box, started.turn.turn_id)
    eve = replace(box.person, person_key=box.person.person_key + 1, person_id="eve")
    conversation_id, turn_id = started.conversation.conversation_id, started.turn.turn_id
    service = box.desk.service
    for attempt in (
        service.open_conversation(eve, conversation_id),
        service.rename_conversation(eve, conversation_id, "Hers"),
        service.delete_conversation(eve, conversation_id),
        service.find_turn(eve, turn_id),
        service.stop_turn(eve, turn_id),
        service.retry_turn(eve, turn_id),
        follow_to_end(box, turn_id, eve),
        service.start_turn(
            eve, conversation_id=conversation_id, content="Hi", client_message_id=new_id()
        ),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await service.list_conversations(eve) == ()
    assert rows(box, "SELECT title FROM conversations") == [("Mine alone",)]


async def test_another_person_cannot_follow_a_turn_while_it_runs(open_scripted: OpenBox) -> None:
    box = await open_scripted(ScriptedBackend(gated=True))
    started = await say(box, "Mine alone")
    eve = Person(box.person.person_key + 1, "eve", "Eve")
    with pytest.raises(NotFound):
        await follow_to_end(box, started.turn.turn_id, eve)
    with pytest.raises(NotFound):
        await box.desk.service.stop_turn(eve, started.turn.turn_id)

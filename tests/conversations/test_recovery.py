"""A stop in the middle of a reply, and the start after it."""

import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import closing

import pytest
from conversation_steps import follow_to_end, say, wait_for_text
from fakes import ScriptedBackend
from pysqlite3 import dbapi2 as sqlite

from appliance.conversations import turn_record
from appliance.conversations.turn import TurnStatus
from appliance.engine.sequence import Sequence
from appliance.lifespan import Box

OpenBox = Callable[..., Awaitable[Box]]
REPLY = "one two three four five six seven eight nine ten"


def counting(sequence: Sequence) -> str:
    """Goes on from where the prompt ends, as a model does."""
    prompt = "".join(map(chr, sequence.tokens[: sequence.prompt_tokens]))
    written = max(n for n in range(len(REPLY) + 1) if prompt.endswith(REPLY[:n]))
    return REPLY[written:]


async def test_a_reply_goes_on_after_a_restart_from_where_it_was(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(counting, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Count to ten")
    backend.let(12)
    seen = await wait_for_text(box, started.turn.turn_id, 10)
    box.desk.runner.release_readers()
    await box.desk.runner.shut_down()
    turn = await box.desk.service.find_turn(box.person, started.turn.turn_id)
    assert turn.status is TurnStatus.RUNNING
    assert turn.checkpoint.startswith(seen.text)
    await open_scripted.close_all()  # type: ignore[attr-defined]

    after = await open_scripted(ScriptedBackend(counting))
    last = (await follow_to_end(after, started.turn.turn_id))[-1]
    assert last.turn.status is TurnStatus.FINISHED
    assert last.text == REPLY
    opened = await after.desk.service.open_conversation(
        after.person, started.conversation.conversation_id
    )
    assert [m.content for m in opened.messages] == ["Count to ten", REPLY]


async def test_a_turn_that_broke_the_box_three_times_ends_with_what_there_is(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(counting, gated=True)
    box = await open_scripted(backend)
    turn_id = (await say(box, "Count to ten")).turn.turn_id
    backend.let(9)
    await wait_for_text(box, turn_id, 8)
    await open_scripted.close_all()  # type: ignore[attr-defined]
    with closing(sqlite.connect(box.desk.database.path)) as database, database:
        assert database.execute("SELECT attempts FROM turns").fetchone() == (0,), "a polite stop"
        database.execute("UPDATE turns SET attempts = 3")
    box = await open_scripted(ScriptedBackend(counting))
    turn = await box.desk.service.find_turn(box.person, turn_id)
    assert turn.status is TurnStatus.FAILED
    assert turn.error is not None and "three times" in turn.error
    (last,) = await follow_to_end(box, turn_id)
    assert len(last.text) >= 8
    assert REPLY.startswith(last.text)


async def test_a_reply_that_gets_on_between_breakdowns_is_not_given_up(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(counting, gated=True)
    box = await open_scripted(backend)
    turn_id = (await say(box, "Count to ten")).turn.turn_id
    backend.let(9)
    await wait_for_text(box, turn_id, 8)
    live = box.desk.runner.find(box.person, turn_id)
    assert live is not None
    with closing(sqlite.connect(box.desk.database.path)) as database, database:
        database.execute("UPDATE turns SET attempts = 3")
        database.commit()
        await box.desk.runner.record.checkpoint(live)
        assert database.execute("SELECT attempts FROM turns").fetchone() == (1,)


async def test_readers_are_let_go_at_a_stop_without_being_told_that_it_is_over(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(counting, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Count to ten")
    reader = box.desk.service.follow_turn(box.person, started.turn.turn_id)
    await anext(reader)
    box.desk.runner.release_readers()
    assert all(not s.turn.status.is_final for s in [snapshot async for snapshot in reader])


async def test_a_growing_reply_is_written_down_while_it_grows(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(counting, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Count to ten")
    backend.let(9)
    seen = await wait_for_text(box, started.turn.turn_id, 8)
    live = box.desk.runner.find(box.person, started.turn.turn_id)
    assert live is not None
    await box.desk.runner.record.checkpoint(live)
    turn = await box.desk.service.find_turn(box.person, started.turn.turn_id)
    assert turn.checkpoint.startswith(seen.text)


async def test_a_full_disk_at_the_end_is_told_and_the_reply_is_stored_when_there_is_room(
    open_scripted: OpenBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_record, "STORE_AGAIN_SECONDS", 0.02)
    backend = ScriptedBackend(lambda sequence: "🙂" * 2000, context_tokens=16_000, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Write a lot")
    async with box.desk.database.write() as tx:
        ((pages,),) = await tx.execute_fetchall("PRAGMA page_count")
        await tx.execute(f"PRAGMA max_page_count = {pages}")
    backend.let(10_000)
    last = (await follow_to_end(box, started.turn.turn_id))[-1]
    assert last.turn.status is TurnStatus.FAILED
    assert last.turn.error is not None and "space" in last.turn.error
    assert last.text == "🙂" * 2000
    async with box.desk.database.write() as tx:
        await tx.execute("PRAGMA max_page_count = 100000")
    await box.desk.runner.wait_all()
    turn = await box.desk.service.find_turn(box.person, started.turn.turn_id)
    assert turn.status is TurnStatus.FINISHED
    again = await say(box, "And more", started.conversation.conversation_id)
    assert again.turn.status is TurnStatus.WAITING


async def test_with_valkey_the_window_is_read_from_it_and_its_loss_changes_nothing(
    open_scripted: OpenBox,
) -> None:
    box = await open_scripted(ScriptedBackend(lambda sequence: "ok"), hot=True)
    first = await say(box, "Hello")
    await follow_to_end(box, first.turn.turn_id)
    conversation_id = first.conversation.conversation_id
    second = await say(box, "Again", conversation_id)
    assert (await follow_to_end(box, second.turn.turn_id))[-1].turn.status is TurnStatus.FINISHED
    assert box.valkey is not None and box.valkey.pid is not None
    os.kill(box.valkey.pid, signal.SIGKILL)
    third = await say(box, "And now?", conversation_id)
    last = (await follow_to_end(box, third.turn.turn_id))[-1]
    assert last.turn.status is TurnStatus.FINISHED
    assert last.turn.prompt_record["window_messages"] == 5

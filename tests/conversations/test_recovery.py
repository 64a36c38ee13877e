"""A stop in the middle of a reply, and the start after it."""

import os
import signal
from collections.abc import Awaitable, Callable

from conversation_steps import follow_to_end, say, wait_for_text
from fakes import ScriptedBackend

from appliance.conversations.conversation import TurnStatus
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
    box.runner.release_readers()
    await box.runner.shut_down()
    turn = await box.service.find_turn(box.person, started.turn.turn_id)
    assert turn.status is TurnStatus.RUNNING
    assert turn.checkpoint.startswith(seen.text)
    await open_scripted.close_all()  # type: ignore[attr-defined]

    after = await open_scripted(ScriptedBackend(counting))
    last = (await follow_to_end(after, started.turn.turn_id))[-1]
    assert last.turn.status is TurnStatus.FINISHED
    assert last.text == REPLY
    opened = await after.service.open_conversation(
        after.person, started.conversation.conversation_id
    )
    assert [m.content for m in opened.messages] == ["Count to ten", REPLY]


async def test_readers_are_let_go_at_a_stop_without_being_told_that_it_is_over(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(counting, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Count to ten")
    reader = box.service.follow_turn(box.person, started.turn.turn_id)
    await anext(reader)
    box.runner.release_readers()
    assert all(not s.turn.status.is_final for s in [snapshot async for snapshot in reader])


async def test_a_growing_reply_is_written_down_while_it_grows(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(counting, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Count to ten")
    backend.let(9)
    seen = await wait_for_text(box, started.turn.turn_id, 8)
    live = box.runner.find(box.person, started.turn.turn_id)
    assert live is not None
    await box.runner.checkpoint_now(live)
    turn = await box.service.find_turn(box.person, started.turn.turn_id)
    assert turn.checkpoint.startswith(seen.text)


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

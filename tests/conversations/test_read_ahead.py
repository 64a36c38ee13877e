"""Reading ahead, with a scripted model whose every step is let through by the test."""

from collections.abc import Awaitable, Callable

import pytest
from conversation_steps import follow_to_end, held_words, say
from fakes import ScriptedBackend

from appliance.conversations.conversation import new_id
from appliance.errors import NotFound
from appliance.lifespan import Box

OpenBox = Callable[..., Awaitable[Box]]
LONG = "The garden needs a new fence, and the neighbours would like to help. " * 5


async def in_background(box: Box) -> None:
    """Return when nothing is read ahead any more."""
    for task in list(box.desk.service._read_ahead._tasks.values()):
        await task


def read_tokens(backend: ScriptedBackend) -> int:
    return sum(count for batch in backend.batches for _, count in batch)


async def test_after_a_restart_an_opened_conversation_is_read_before_its_next_message(
    open_scripted: OpenBox,
) -> None:
    sections = {"engine": {"snapshot_mb": 0}}
    box = await open_scripted(ScriptedBackend(lambda sequence: "Yes."), **sections)
    started = await say(box, LONG)
    await follow_to_end(box, started.turn.turn_id)
    await open_scripted.close_all()  # type: ignore[attr-defined]

    backend = ScriptedBackend(lambda sequence: "No.")
    box = await open_scripted(backend, **sections)
    conversation_id = started.conversation.conversation_id
    await box.desk.service.read_ahead(box.person, conversation_id)
    await in_background(box)
    before = read_tokens(backend)
    assert before > len(LONG)
    again = await say(box, "And the gate?", conversation_id)
    *_, ended = await follow_to_end(box, again.turn.turn_id)
    assert ended.turn.counts.cached_tokens >= before - 1
    assert read_tokens(backend) - before < 60


async def test_who_sends_while_it_is_read_waits_for_the_rest_only(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(lambda sequence: "ok", gated=True)
    box = await open_scripted(backend, assistant={"system_prompt": LONG})
    await box.desk.service.read_ahead(box.person, None)
    backend.let(1)
    started = await say(box, "Now")
    backend.let(1000)
    *_, ended = await follow_to_end(box, started.turn.turn_id)
    assert ended.turn.counts.cached_tokens > len(LONG)
    assert read_tokens(backend) < 2 * len(LONG)


async def test_opening_another_conversation_ends_the_reading_of_the_first(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(lambda sequence: "ok", gated=True)
    box = await open_scripted(backend, assistant={"system_prompt": LONG})
    await box.desk.service.read_ahead(box.person, None)
    first = next(iter(box.desk.service._read_ahead._tasks.values()))
    await box.desk.service.read_ahead(box.person, None)
    backend.let(1000)
    await in_background(box)
    assert first.cancelled()
    assert box.desk.service._read_ahead._tasks == {}


async def test_a_conversation_that_is_not_there_is_not_read(box: Box) -> None:
    with pytest.raises(NotFound):
        await box.desk.service.read_ahead(box.person, new_id())


async def test_while_a_reply_is_written_nothing_is_read_beside_it(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(lambda sequence: "ok", gated=True)
    box = await open_scripted(backend)
    started = await say(box, LONG)
    await box.desk.service.read_ahead(box.person, started.conversation.conversation_id)
    assert box.desk.service._read_ahead._tasks == {}


async def test_what_was_read_ahead_of_a_deleted_conversation_is_forgotten(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(lambda sequence: "ok")
    box = await open_scripted(backend)
    started = await say(box, "zanzibar " * 20)
    await follow_to_end(box, started.turn.turn_id)
    conversation_id = started.conversation.conversation_id
    await box.desk.service.read_ahead(box.person, conversation_id)
    assert any("zanzibar" in text for text in held_words(backend))
    await box.desk.service.delete_conversation(box.person, conversation_id)
    await in_background(box)
    assert not any("zanzibar" in text for text in held_words(backend))

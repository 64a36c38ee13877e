"""Temporary conversations: what is left of them, and how they end."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from canary import family, in_files, in_valkey
from conversation_steps import follow_to_end, say, step_until, wait_for_text
from fakes import ScriptedBackend

from appliance.conversations import temporary
from appliance.conversations.conversation import names_temporary
from appliance.conversations.lifetimes import GRACE_SECONDS, UNUSED_SECONDS
from appliance.conversations.temporary import MOST_A_PERSON, TITLE
from appliance.conversations.turn import TurnStatus
from appliance.errors import Conflict, NotFound, StoreFull
from appliance.lifespan import Box
from appliance.store.rows import first_row

OpenBox = Callable[..., Awaitable[Box]]

CANARY = "xylotomous"
KEPT = "zymurgical"
LONG = "and the garden and the fence and the neighbours' cat, who is grey, and old " * 2
PAGE = "f" * 32


def at(box: Box) -> Box:
    """The same box, as a request for a temporary conversation sees it."""
    return replace(box, desk=box.temporary.desk)


def set_clock(box: Box) -> list[float]:
    """Stops the clock by which they end; the test moves it."""
    now = [1000.0]
    box.temporary.lifetimes.clock = lambda: now[0]
    return now


async def talk(box: Box, words: str, conversation_id: str | None = None) -> str:
    """A message and its whole reply; returns the conversation's id."""
    started = await say(box, words, conversation_id)
    last = (await follow_to_end(box, started.turn.turn_id))[-1]
    assert last.turn.status is TurnStatus.FINISHED
    return started.conversation.conversation_id


async def is_there(box: Box, conversation_id: str) -> bool:
    try:
        await at(box).desk.service.open_conversation(box.person, conversation_id)
    except NotFound:
        return False
    return True


async def test_nothing_of_it_is_in_any_file_or_in_valkey(
    open_scripted: OpenBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.engine.snapshot_keeper.IDLE_SECONDS", 0.0)
    box = await open_scripted(ScriptedBackend(), hot=True)  # it repeats what it was told
    assert box.valkey is not None and box.valkey.url is not None
    runtime_dir = Path(box.valkey.url.removeprefix("unix://")).parent
    await box.generations.wait_ready()
    conversation_id = await talk(at(box), f"{CANARY} {LONG}")
    await talk(at(box), f"{CANARY} again", conversation_id)
    await at(box).desk.service.read_ahead(box.person, conversation_id)
    await talk(box, f"{KEPT} {LONG}")
    while not list(
        (tmp_path / "data" / "kv").glob("*.kv")
    ):  # the seats are written down one by one
        await asyncio.sleep(0.01)
    # What is kept is found where it should be, so the search is a search.
    assert in_valkey(KEPT, box.valkey.url)
    found = in_files(KEPT, tmp_path)
    assert any(".kv" in place for place in found)
    assert any("sqlite3" in place for place in found)
    for _ in range(2):
        assert not in_valkey(CANARY, box.valkey.url)
        assert not in_files(CANARY, tmp_path, runtime_dir, pids=family(os.getpid()))
        await at(box).desk.service.delete_conversation(box.person, conversation_id)
        conversation_id = await talk(at(box), f"{CANARY} {LONG}")
    await open_scripted.close_all()  # type: ignore[attr-defined]
    assert not in_files(CANARY, tmp_path)
    assert in_files(KEPT, tmp_path)


async def test_it_is_not_in_the_list_and_its_title_has_no_word_of_it(box: Box) -> None:
    conversation_id = await talk(at(box), "A secret")
    kept_id = await talk(box, "No secret")
    for desk in (box.desk, box.temporary.desk):
        listed = await desk.service.list_conversations(box.person)
        assert [each.conversation_id for each in listed] == [kept_id]
    opened = await at(box).desk.service.open_conversation(box.person, conversation_id)
    assert opened.conversation.title == TITLE
    assert opened.conversation.is_temporary and not names_temporary(kept_id)


async def test_it_goes_on_while_nobody_looks_and_can_be_stopped_and_tried_again(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(lambda sequence: "one two three", gated=True)
    box = at(await open_scripted(backend))
    started = await say(box, "Count")
    backend.let(8)
    await wait_for_text(box, started.turn.turn_id, 3)  # and the reader has gone
    stopping = box.desk.service.stop_turn(box.person, started.turn.turn_id)
    await step_until(backend, stopping)
    turn = await box.desk.service.find_turn(box.person, started.turn.turn_id)
    assert turn.status is TurnStatus.CANCELLED
    again = await box.desk.service.retry_turn(box.person, started.turn.turn_id)
    backend.let(100)
    assert (await follow_to_end(box, again.turn.turn_id))[-1].text == "one two three"


async def test_a_step_that_fails_ends_the_turn_with_a_sentence_and_not_the_conversation(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(lambda sequence: "ok")
    box = at(await open_scripted(backend))
    await box.generations.wait_ready()
    backend.fail_next = RuntimeError("a broken step")
    started = await say(box, "Hello")
    last = (await follow_to_end(box, started.turn.turn_id))[-1]
    assert last.turn.status is TurnStatus.FAILED
    await talk(box, "Again", started.conversation.conversation_id)


async def test_the_boxs_own_words_are_read_once_for_both_kinds(box: Box) -> None:
    async def cached(desk: Box, words: str) -> int:
        started = await say(desk, words)
        return (await follow_to_end(desk, started.turn.turn_id))[-1].turn.counts.cached_tokens

    assert await cached(box, "A kept one") == 0
    public = await cached(at(box), "Something else")
    assert public > len("You are a helpful assistant.")
    assert await cached(box, "quite another thing") == public


async def test_a_minute_after_its_page_was_closed_nothing_is_left(box: Box) -> None:
    now = set_clock(box)
    conversation_id = await talk(at(box), LONG)
    conversations = box.temporary.conversations
    conversations.open_page(box.person, conversation_id, PAGE)
    conversations.close_page(box.person, conversation_id, PAGE)
    now[0] += GRACE_SECONDS - 1
    await conversations.end_those_over()
    assert await is_there(box, conversation_id)
    now[0] += 1
    await conversations.end_those_over()
    assert not await is_there(box, conversation_id)
    started = await say(at(box), LONG)
    counts = (await follow_to_end(at(box), started.turn.turn_id))[-1].turn.counts
    assert counts.cached_tokens < counts.prompt_tokens - len(LONG), "the KV cache let go of it, too"


async def test_a_reply_that_somebody_waits_for_outlives_the_hour_and_not_its_last_page(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(lambda sequence: "one two three", gated=True)
    box = await open_scripted(backend)
    now = set_clock(box)
    started = await say(at(box), "Count")
    backend.let(8)
    await wait_for_text(at(box), started.turn.turn_id, 3)
    conversation_id = started.conversation.conversation_id
    conversations = box.temporary.conversations
    conversations.open_page(box.person, conversation_id, PAGE)
    now[0] += UNUSED_SECONDS
    await conversations.end_those_over()
    assert await is_there(box, conversation_id)
    conversations.close_page(box.person, conversation_id, PAGE)
    now[0] += GRACE_SECONDS
    await step_until(backend, conversations.end_those_over())
    assert not await is_there(box, conversation_id)
    assert box.temporary.desk.runner.open_count == 0


async def test_the_box_looks_by_itself(
    open_scripted: OpenBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary, "LOOK_SECONDS", 0.001)
    backend = ScriptedBackend(lambda sequence: "one two three", gated=True)
    box = await open_scripted(backend)
    now = set_clock(box)
    started = await say(at(box), "Count")
    backend.let(8)
    await wait_for_text(at(box), started.turn.turn_id, 3)
    conversation_id = started.conversation.conversation_id
    box.temporary.conversations.close_page(box.person, conversation_id, PAGE)
    now[0] += GRACE_SECONDS
    # The end of the conversation is the end of what its reader follows.
    await step_until(backend, follow_to_end(at(box), started.turn.turn_id))
    while box.temporary.lifetimes.of(box.person):
        await asyncio.sleep(0)
    assert not await is_there(box, conversation_id)


async def test_a_restart_ends_it(open_scripted: OpenBox) -> None:
    box = await open_scripted(ScriptedBackend(lambda sequence: "ok"))
    conversation_id = await talk(at(box), "Hello")
    await open_scripted.close_all()  # type: ignore[attr-defined]
    again = await open_scripted(ScriptedBackend(lambda sequence: "ok"))
    assert not await is_there(again, conversation_id)


async def test_too_many_are_refused_and_a_deleted_one_makes_room(box: Box) -> None:
    ids = [await talk(at(box), f"{number}") for number in range(MOST_A_PERSON)]
    with pytest.raises(Conflict, match="8 temporary conversations open already"):
        await say(at(box), "One more")
    await talk(at(box), "But here there is room", ids[0])
    await at(box).desk.service.delete_conversation(box.person, ids[3])
    await talk(at(box), "One more")
    assert len(box.temporary.lifetimes.of(box.person)) == MOST_A_PERSON


async def test_a_message_for_which_there_is_no_memory_is_refused_with_a_sentence(box: Box) -> None:
    conversation_id = await talk(at(box), "Hello")
    async with box.temporary.desk.database.write() as tx:
        row = await first_row(tx, "PRAGMA page_count", ())
        assert row is not None
        await tx.execute(f"PRAGMA max_page_count={row[0]}")
    with pytest.raises(StoreFull, match="no room for more temporary conversations"):
        for number in range(1, MOST_A_PERSON):
            await say(at(box), f"{number}" * 3000)
    await talk(box, "A kept one is not touched by it")
    assert await is_there(box, conversation_id)


async def test_all_of_a_person_can_be_ended_at_once(box: Box) -> None:
    ids = [await talk(at(box), f"{number}") for number in range(3)]
    assert await box.temporary.conversations.end(box.person) == 3
    assert [await is_there(box, each) for each in ids] == [False] * 3
    assert await box.temporary.conversations.end(box.person) == 0


async def test_another_persons_page_keeps_nothing_alive(box: Box) -> None:
    started = await say(at(box), "Hello")
    conversation_id = started.conversation.conversation_id
    stranger = replace(box.person, person_key=99, person_id="e" * 32)
    for act in (box.temporary.conversations.open_page, box.temporary.conversations.close_page):
        with pytest.raises(NotFound):
            act(stranger, conversation_id, PAGE)
    assert not await box.temporary.conversations.see(stranger, conversation_id, is_use=True)
    named_by, ids = box.temporary.conversations.named_by, {"turn_id": started.turn.turn_id}
    assert await named_by(box.person, ids) == conversation_id
    assert await named_by(stranger, ids) is None


async def test_a_request_may_name_a_conversation_a_turn_or_a_message(box: Box) -> None:
    named_by = box.temporary.conversations.named_by
    kept = await say(box, "Kept")
    assert await named_by(box.person, {"turn_id": kept.turn.turn_id}) is None
    started = await say(at(box), "Hello")
    conversation_id = started.conversation.conversation_id
    for ids in (
        {"conversation_id": conversation_id},
        {"turn_id": started.turn.turn_id},
        {"message_id": started.message.message_id},
    ):
        assert await named_by(box.person, ids) == conversation_id
    for ids in (
        {},
        {"conversation_id": kept.conversation.conversation_id},
        {"turn_id": kept.turn.turn_id},
        {"message_id": kept.message.message_id},
        # The conversation decides, whatever stands beside it.
        {"conversation_id": kept.conversation.conversation_id, "turn_id": started.turn.turn_id},
    ):
        assert await named_by(box.person, ids) is None

"""Going on with a reply that was cut: in its own place, and only ever longer."""

from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest
from conversation_steps import (
    InTurn,
    exchange,
    follow_to_end,
    opened,
    say,
    shown,
    step_until,
    wait_for_text,
)
from fakes import ScriptedBackend
from pysqlite3 import dbapi2 as sqlite

from appliance.conversations.conversation import Message
from appliance.conversations.opened import OpenConversation, StartedTurn
from appliance.conversations.turn import TurnSnapshot, TurnStatus
from appliance.engine.backend import BackendFailed
from appliance.engine.sequence import Sequence
from appliance.errors import Conflict, ConversationFull
from appliance.lifespan import Box

OpenBox = Callable[..., Awaitable[Box]]
STORY = "Once upon a time there was a lighthouse, and nobody knew who had built it."
CUT = {"reply_tokens": 20}


def telling(sequence: Sequence) -> str:
    """Goes on with the story from where the prompt ends, as a model does."""
    prompt = "".join(map(chr, sequence.tokens[: sequence.prompt_tokens]))
    told = max(n for n in range(len(STORY) + 1) if prompt.endswith(STORY[:n]))
    return STORY[told:]


async def go_on(box: Box, turn_id: str) -> list[TurnSnapshot]:
    """Continue that turn's reply; what its readers saw, to the end."""
    continued = await box.desk.branches.continue_reply(box.person, turn_id)
    return await follow_to_end(box, continued.turn.turn_id)


def texts(page: OpenConversation) -> list[str]:
    return [message.content for message in page.messages]


def reply_of(page: OpenConversation) -> Message:
    return page.messages[-1]


async def test_a_reply_cut_by_its_limit_goes_on_in_its_own_place(open_scripted: OpenBox) -> None:
    box = await open_scripted(ScriptedBackend(telling), limits=CUT)
    started = await exchange(box, "Tell me a story")
    page = await opened(box, started)
    reply = reply_of(page)
    assert reply.content == STORY[:20]
    assert page.replies[reply.message_id].is_cut
    snapshots = await go_on(box, started.turn.turn_id)
    assert snapshots[0].text.startswith(STORY[:20]), "readers see all of it from the beginning"
    assert snapshots[-1].text == STORY[:40], "the limit is for what is new"
    assert snapshots[-1].turn.finish_reason == "length"
    page = await opened(box, started)
    assert texts(page) == ["Tell me a story", STORY[:40]]
    assert reply_of(page) == Message(**{**_fields(reply), "content": STORY[:40]})
    for _ in range(2):
        snapshots = await go_on(box, started.turn.turn_id)
    assert (snapshots[-1].turn.finish_reason, snapshots[-1].text) == ("stop", STORY)
    page = await opened(box, started)
    assert texts(page) == ["Tell me a story", STORY]
    assert not page.replies[reply.message_id].is_cut
    assert page.siblings == {}


def _fields(message: Message) -> dict[str, Any]:
    return {name: getattr(message, name) for name in Message.__slots__}


async def stopped_after(box: Box, backend: ScriptedBackend, steps: int) -> StartedTurn:
    """A story that its reader stopped."""
    started = await say(box, "Tell me a story")
    backend.let(steps)
    await wait_for_text(box, started.turn.turn_id, steps - 3)
    await step_until(backend, box.desk.service.stop_turn(box.person, started.turn.turn_id))
    return started


async def test_a_reply_that_was_stopped_goes_on(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(telling, gated=True)
    box = await open_scripted(backend)
    started = await stopped_after(box, backend, 12)
    before = reply_of(await opened(box, started)).content
    assert STORY.startswith(before) and len(before) < 30
    backend.let(1000)
    assert (await go_on(box, started.turn.turn_id))[-1].text == STORY
    assert await shown(box, started) == ["Tell me a story", STORY]


async def test_a_reply_that_failed_with_text_goes_on(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(telling, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Tell me a story")
    backend.let(12)
    await wait_for_text(box, started.turn.turn_id, 9)
    backend.fail_next = BackendFailed("The model fell over.")
    backend.let(1)
    last = (await follow_to_end(box, started.turn.turn_id))[-1]
    assert last.turn.status is TurnStatus.FAILED and last.text
    backend.let(1000)
    assert (await go_on(box, started.turn.turn_id))[-1].text == STORY
    page = await opened(box, started)
    assert texts(page) == ["Tell me a story", STORY]
    assert page.replies[reply_of(page).message_id].status is TurnStatus.FINISHED


async def test_a_continuation_that_is_stopped_at_once_takes_nothing_back(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(telling, gated=True)
    box = await open_scripted(backend)
    started = await stopped_after(box, backend, 12)
    before = reply_of(await opened(box, started))
    again = await box.desk.branches.continue_reply(box.person, started.turn.turn_id)
    await step_until(backend, box.desk.service.stop_turn(box.person, again.turn.turn_id))
    page = await opened(box, started)
    after = reply_of(page)
    assert after.message_id == before.message_id
    assert after.content.startswith(before.content)
    assert page.replies[after.message_id].turn_id == again.turn.turn_id


@pytest.mark.parametrize("is_polite", [True, False])
async def test_a_restart_in_mid_continuation_loses_nothing(
    open_scripted: OpenBox, is_polite: bool
) -> None:
    backend = ScriptedBackend(telling, gated=True)
    box = await open_scripted(backend)
    started = await stopped_after(box, backend, 12)
    before = reply_of(await opened(box, started))
    continued = await box.desk.branches.continue_reply(box.person, started.turn.turn_id)
    backend.let(10)
    await wait_for_text(box, continued.turn.turn_id, len(before.content) + 5)
    await open_scripted.close_all()  # type: ignore[attr-defined]
    if not is_polite:
        # A crash before the first checkpoint: what there was is there from the beginning.
        with closing(sqlite.connect(box.desk.database.path)) as database, database:
            database.execute(
                "UPDATE turns SET checkpoint = ?, attempts = 1 WHERE status = 'running'",
                (before.content,),
            )
    after = await open_scripted(ScriptedBackend(telling))
    last = (await follow_to_end(after, continued.turn.turn_id))[-1]
    assert (last.turn.status, last.text) == (TurnStatus.FINISHED, STORY)
    page = await opened(after, started)
    assert texts(page) == ["Tell me a story", STORY]
    assert reply_of(page).message_id == before.message_id


async def test_the_limit_of_a_continuation_holds_over_a_restart(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(telling, gated=True)
    box = await open_scripted(backend, limits=CUT)
    backend.let(30)
    started = await exchange(box, "Tell me a story")
    continued = await box.desk.branches.continue_reply(box.person, started.turn.turn_id)
    backend.let(8)
    await wait_for_text(box, continued.turn.turn_id, 24)
    await open_scripted.close_all()  # type: ignore[attr-defined]
    after = await open_scripted(ScriptedBackend(telling), limits=CUT)
    last = (await follow_to_end(after, continued.turn.turn_id))[-1]
    assert last.text == STORY[:40]


async def test_the_next_prompt_has_the_whole_reply(open_scripted: OpenBox) -> None:
    box = await open_scripted(ScriptedBackend(telling), limits=CUT, hot=True)
    started = await exchange(box, "Tell me a story")
    await go_on(box, started.turn.turn_id)
    model = InTurn("Nobody.")
    conversation_id = started.conversation.conversation_id
    await open_scripted.close_all()  # type: ignore[attr-defined]
    box = await open_scripted(ScriptedBackend(model), limits=CUT, hot=True)
    await exchange(box, "Who?", conversation_id)
    assert f"assistant: {STORY[:40]}\nuser: Who?" in model.prompts[-1]


async def test_the_hot_window_never_keeps_the_shorter_reply(open_scripted: OpenBox) -> None:
    prompts = []

    def model(sequence: Sequence) -> str:
        prompt = "".join(map(chr, sequence.tokens[: sequence.prompt_tokens]))
        prompts.append(prompt)
        return telling(sequence)

    box = await open_scripted(ScriptedBackend(model), limits=CUT, hot=True)
    started = await exchange(box, "Tell me a story")
    await go_on(box, started.turn.turn_id)
    await exchange(box, "Who?", started.conversation.conversation_id)
    assert f"assistant: {STORY[:40]}\nuser: Who?" in prompts[-1]


async def test_what_is_whole_or_followed_or_empty_is_not_continued(open_scripted: OpenBox) -> None:
    box = await open_scripted(ScriptedBackend(InTurn("Yes.", "x" * 50, "No.", "")), limits=CUT)
    whole = await exchange(box, "Whole?")
    with pytest.raises(Conflict, match="nothing to continue"):
        await go_on(box, whole.turn.turn_id)
    conversation_id = whole.conversation.conversation_id
    followed = await exchange(box, "Long?", conversation_id)
    empty = await exchange(box, "Followed?", conversation_id)
    with pytest.raises(Conflict, match="said after this reply"):
        await go_on(box, followed.turn.turn_id)
    empty = await exchange(box, "Empty?", conversation_id)
    with pytest.raises(Conflict, match="Try it again instead"):
        await go_on(box, empty.turn.turn_id)
    assert len(await shown(box, whole)) == 7


@pytest.mark.parametrize("context_full", ["shift", "stop"])
async def test_a_reply_without_room_is_not_continued_and_the_sentence_says_so(
    open_scripted: OpenBox, context_full: str
) -> None:
    backend = ScriptedBackend(lambda sequence: "x" * 1000, context_tokens=300)
    box = await open_scripted(backend, limits={"context_full": context_full})
    started = await exchange(box, "And then?!")
    before = await shown(box, started)
    with pytest.raises(ConversationFull, match="There is no room left to continue this reply"):
        await go_on(box, started.turn.turn_id)
    assert await shown(box, started) == before


async def test_earlier_messages_make_room_for_more_of_a_reply(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(InTurn(*["Yes."] * 4, "x" * 1000), context_tokens=400)
    box = await open_scripted(backend, limits={"reply_tokens": 100})
    started = await exchange(box, "It rained all day.")
    conversation_id = started.conversation.conversation_id
    for _ in range(3):
        await exchange(box, "It rained all day.", conversation_id)
    last = await exchange(box, "And then it stopped.", conversation_id)
    assert (await opened(box, last)).turns[last.message.message_id].prompt_record[
        "dropped_messages"
    ] == 0
    ended = (await go_on(box, last.turn.turn_id))[-1]
    assert len(ended.text) == 200
    record = ended.turn.prompt_record
    assert record["dropped_messages"] and record["continued_tokens"] == 100


async def test_a_continuation_that_the_disk_has_no_room_for_is_told_and_stored_later(
    open_scripted: OpenBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.conversations.turn_record.STORE_AGAIN_SECONDS", 0.02)
    long = "🙂" * 2000

    def model(sequence: Sequence) -> str:
        prompt = "".join(map(chr, sequence.tokens[: sequence.prompt_tokens]))
        return long[prompt.count("🙂") :]

    backend = ScriptedBackend(model, context_tokens=16_000, gated=True)
    box = await open_scripted(backend)
    started = await stopped_after(box, backend, 12)
    async with box.desk.database.write() as tx:
        ((pages,),) = await tx.execute_fetchall("PRAGMA page_count")
    continued = await box.desk.branches.continue_reply(box.person, started.turn.turn_id)
    async with box.desk.database.write() as tx:
        await tx.execute(f"PRAGMA max_page_count = {pages}")
    backend.let(10_000)
    last = (await follow_to_end(box, continued.turn.turn_id))[-1]
    assert last.turn.status is TurnStatus.FAILED and last.text == long
    with pytest.raises(Conflict):
        await go_on(box, continued.turn.turn_id)
    async with box.desk.database.write() as tx:
        await tx.execute("PRAGMA max_page_count = 100000")
    await box.desk.runner.wait_all()
    assert await shown(box, started) == ["Tell me a story", long]

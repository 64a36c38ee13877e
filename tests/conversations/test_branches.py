"""What a person can do with the tree of a conversation, over a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from conversation_steps import InTurn, exchange, follow_to_end, opened, say, shown, wait_for_text
from fakes import ScriptedBackend
from pysqlite3 import dbapi2 as sqlite

from appliance.conversations.conversation import new_id
from appliance.conversations.opened import OpenConversation, StartedTurn
from appliance.errors import Conflict, ConversationFull, InvalidInput, NotFound, PromptTooLong
from appliance.lifespan import Box

OpenBox = Callable[..., Awaitable[Box]]


def stored(box: Box, sql: str) -> list[Any]:
    with closing(sqlite.connect(f"file:{box.desk.database.path}?mode=ro", uri=True)) as database:
        return list(database.execute(sql).fetchall())


async def edit(
    box: Box, started: StartedTurn, content: str, client_id: str | None = None
) -> StartedTurn:
    edited = await box.desk.branches.edit(
        box.person, started.message.message_id, content, client_id or new_id()
    )
    await follow_to_end(box, edited.turn.turn_id)
    return edited


async def retry(box: Box, started: StartedTurn) -> StartedTurn:
    again = await box.desk.service.retry_turn(box.person, started.turn.turn_id)
    await follow_to_end(box, again.turn.turn_id)
    return again


async def show(box: Box, page: OpenConversation, message_id: str) -> None:
    await box.desk.branches.show(box.person, page.conversation.conversation_id, message_id)


async def test_another_reply_stands_beside_the_first_and_both_can_be_read(
    open_scripted: OpenBox,
) -> None:
    box = await open_scripted(ScriptedBackend(InTurn("A grain.", "Go on?", "A plant.")))
    first = await exchange(box, "What is rice?")
    await exchange(box, "And?", first.conversation.conversation_id)
    await retry(box, first)
    assert await shown(box, first) == ["What is rice?", "A plant."]
    page = await opened(box, first)
    replies = page.siblings[page.messages[-1].message_id]
    assert len(replies) == 2 and replies[1] == page.messages[-1].message_id
    await show(box, page, replies[0])
    assert await shown(box, first) == ["What is rice?", "A grain.", "And?", "Go on?"]
    page = await opened(box, first)
    assert page.siblings == {replies[0]: replies}
    assert page.replies[replies[0]].turn_id == first.turn.turn_id, "each keeps its own turn"


async def test_an_edit_stands_beside_the_old_message_and_the_model_reads_it_alone(
    open_scripted: OpenBox,
) -> None:
    model = InTurn("A grain.", "Corn.", "Yes, yellow.", "A grass.")
    box = await open_scripted(ScriptedBackend(model))
    first = await exchange(box, "What is rice?")
    second = await exchange(box, "And maize?", first.conversation.conversation_id)
    await exchange(box, "Yellow?", first.conversation.conversation_id)
    edited = await edit(box, second, "And wheat?\r\n")
    assert edited.message.parent_id == second.message.parent_id
    assert await shown(box, first) == ["What is rice?", "A grain.", "And wheat?\n", "A grass."]
    assert "And wheat?" in model.prompts[-1] and "A grain." in model.prompts[-1]
    assert "maize" not in model.prompts[-1]
    page = await opened(box, first)
    await show(box, page, page.siblings[edited.message.message_id][0])
    assert (await shown(box, first))[2:] == ["And maize?", "Corn.", "Yellow?", "Yes, yellow."]


async def test_the_first_message_can_be_edited_too(box: Box) -> None:
    first = await exchange(box, "What is rice?")
    edited = await edit(box, first, "What is wheat?")
    assert await shown(box, first) == ["What is wheat?", "A short reply."]
    page = await opened(box, first)
    assert page.siblings[edited.message.message_id] == (
        first.message.message_id,
        edited.message.message_id,
    )


async def test_an_edit_sent_twice_is_one(box: Box) -> None:
    first = await exchange(box, "What is rice?")
    client_id = new_id()
    answers = await asyncio.gather(*(edit(box, first, "Wheat?", client_id) for _ in range(5)))
    again = await edit(box, first, "Wheat?", client_id)
    assert {answer.turn.turn_id for answer in (*answers, again)} == {again.turn.turn_id}
    assert sum(not answer.is_repeat for answer in answers) == 1
    assert stored(box, "SELECT count(*) FROM messages WHERE role = 'user'") == [(2,)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(" \n", "The message is empty"), ("x" * 32_001, "at most 32,000"), ("a\0b", "NUL byte")],
)
async def test_an_edit_that_cannot_be_accepted_leaves_all_as_it_was(
    box: Box, content: str, sentence: str
) -> None:
    first = await exchange(box, "What is rice?")
    with pytest.raises(InvalidInput, match=sentence):
        await edit(box, first, content)
    assert await shown(box, first) == ["What is rice?", "A short reply."]
    assert stored(box, "SELECT count(*) FROM turns") == [(1,)]


async def test_a_reply_is_not_its_readers_to_edit_or_delete(box: Box) -> None:
    first = await exchange(box, "What is rice?")
    reply_id = (await opened(box, first)).messages[-1].message_id
    branches = box.desk.branches
    for attempt in (
        branches.edit(box.person, reply_id, "A lie.", new_id()),
        branches.delete_pair(box.person, reply_id),
        branches.find_own_message(box.person, reply_id),
    ):
        with pytest.raises(InvalidInput, match="Only your own messages"):
            await attempt
    assert await shown(box, first) == ["What is rice?", "A short reply."]


async def test_an_edit_has_to_fit_where_nothing_may_be_left_out(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(lambda sequence: "Yes, it did.", context_tokens=400)
    box = await open_scripted(backend, limits={"context_full": "stop"})
    started = await exchange(box, "It rained all day.")
    for _ in range(4):
        last = await exchange(box, "It rained all day.", started.conversation.conversation_id)
    with pytest.raises(ConversationFull):
        await edit(box, last, "It rained all day. " * 6)
    with pytest.raises(PromptTooLong):
        await edit(box, last, "It rained all day. " * 40)
    # The first one has room: what followed it is not read.
    await edit(box, started, "It rained all day. " * 6)
    assert len(await shown(box, started)) == 2


async def test_every_act_is_refused_while_a_reply_is_being_written(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(InTurn("One.", "Two.", "x" * 500), gated=True)
    backend.let(100)
    box = await open_scripted(backend)
    first = await exchange(box, "What is rice?")
    old = await retry(box, first)
    page = await opened(box, first)
    conversation_id = first.conversation.conversation_id
    running = await say(box, "And?", conversation_id)
    backend.let(20)
    await wait_for_text(box, running.turn.turn_id, 5)
    before = (
        stored(box, "SELECT * FROM messages"),
        stored(box, "SELECT leaf_key FROM conversations"),
    )
    branches, service, me = box.desk.branches, box.desk.service, box.person
    message_id = first.message.message_id
    for attempt in (
        say(box, "Me too", conversation_id),
        service.retry_turn(me, old.turn.turn_id),
        service.retry_turn(me, running.turn.turn_id),
        branches.edit(me, message_id, "What is wheat?", new_id()),
        branches.continue_reply(me, old.turn.turn_id),
        branches.continue_reply(me, running.turn.turn_id),
        branches.show(me, conversation_id, page.siblings[page.messages[-1].message_id][0]),
        branches.delete_pair(me, message_id),
    ):
        with pytest.raises(Conflict, match="A reply is still being written here"):
            await attempt
    after = stored(box, "SELECT * FROM messages"), stored(box, "SELECT leaf_key FROM conversations")
    assert after == before
    await branches.show(me, conversation_id, message_id)  # it is read already: nothing to switch


async def test_of_two_tabs_that_act_at_once_one_is_told_to_wait(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(lambda sequence: "x" * 500, gated=True)
    backend.let(600)
    box = await open_scripted(backend)
    first = await exchange(box, "What is rice?")
    conversation_id, turn_id = first.conversation.conversation_id, first.turn.turn_id
    outcomes = await asyncio.gather(
        box.desk.branches.edit(box.person, first.message.message_id, "Wheat?", new_id()),
        box.desk.service.retry_turn(box.person, turn_id),
        say(box, "And?", conversation_id),
        return_exceptions=True,
    )
    refused = [each for each in outcomes if isinstance(each, Conflict)]
    assert len(refused) == 2 and {str(each)[:16] for each in refused} == {"A reply is still"}
    assert stored(box, "SELECT count(*) FROM turns WHERE status != 'finished'") == [(1,)]


async def test_a_switch_is_no_activity_and_changes_nothing_else(open_scripted: OpenBox) -> None:
    box = await open_scripted(ScriptedBackend(InTurn("One.", "Two.", "Other.")))
    first = await exchange(box, "What is rice?")
    await retry(box, first)
    other = await exchange(box, "Another conversation")
    before = stored(box, "SELECT * FROM messages ORDER BY message_key")
    page = await opened(box, first)
    await show(box, page, page.siblings[page.messages[-1].message_id][0])
    assert stored(box, "SELECT * FROM messages ORDER BY message_key") == before
    listed = await box.desk.service.list_conversations(box.person)
    assert listed[0].conversation_id == other.conversation.conversation_id


async def test_a_try_that_left_nothing_does_not_hide_those_that_did(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(InTurn("One.", ""))
    box = await open_scripted(backend)
    first = await exchange(box, "What is rice?")
    await retry(box, first)
    page = await opened(box, first)
    assert [message.content for message in page.messages] == ["What is rice?"]
    (one,) = page.other_replies
    await show(box, page, one)
    assert await shown(box, first) == ["What is rice?", "One."]


async def test_every_message_of_the_tree_can_be_walked_to(open_scripted: OpenBox) -> None:
    box = await open_scripted(ScriptedBackend(lambda sequence: "Yes."))
    first = await exchange(box, "1")
    second = await exchange(box, "2", first.conversation.conversation_id)
    await retry(box, second)
    await edit(box, second, "2b")
    third = await edit(box, first, "1b")
    await exchange(box, "3", first.conversation.conversation_id)
    await retry(box, third)
    everything = {row[0] for row in stored(box, "SELECT message_id FROM messages")}
    seen: set[str] = set()
    ahead = {message.message_id for message in (await opened(box, first)).messages}
    while ahead:
        await show(box, await opened(box, first), ahead.pop())
        page = await opened(box, first)
        on_page = {message.message_id for message in page.messages}
        beside = {each for ids in page.siblings.values() for each in ids}
        seen |= on_page
        ahead |= (on_page | beside) - seen
    assert seen == everything


async def test_another_persons_tree_is_out_of_reach(box: Box) -> None:
    first = await exchange(box, "Mine alone")
    await retry(box, first)
    page = await opened(box, first)
    eve = replace(box.person, person_key=box.person.person_key + 1, person_id="eve")
    before = stored(box, "SELECT * FROM messages"), stored(box, "SELECT * FROM conversations")
    branches, message_id = box.desk.branches, first.message.message_id
    conversation_id = first.conversation.conversation_id
    for attempt in (
        branches.find_own_message(eve, message_id),
        branches.edit(eve, message_id, "Hers", new_id()),
        branches.continue_reply(eve, first.turn.turn_id),
        branches.show(eve, conversation_id, page.siblings[page.messages[-1].message_id][0]),
        branches.delete_pair(eve, message_id),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert before == (
        stored(box, "SELECT * FROM messages"),
        stored(box, "SELECT * FROM conversations"),
    )


async def test_a_message_is_shown_in_its_own_conversation_only(box: Box) -> None:
    first, other = await exchange(box, "One"), await exchange(box, "Other")
    await retry(box, first)
    page = await opened(box, first)
    beside = page.siblings[page.messages[-1].message_id][0]
    for message_id in (beside, "unknown"):
        with pytest.raises(NotFound):
            await show(box, await opened(box, other), message_id)
    assert (await opened(box, other)).conversation.leaf_id is not None

"""Deleting a message with the replies to it: what goes, what stays, and that it is gone."""

from collections.abc import Awaitable, Callable
from contextlib import closing

import pytest
from canary import in_files, in_valkey
from conversation_steps import InTurn, exchange, follow_to_end, held_words, opened, shown
from fakes import ScriptedBackend
from pysqlite3 import dbapi2 as sqlite

from appliance.conversations.conversation import TitledBy, new_id
from appliance.conversations.deleted import PairDeleted
from appliance.conversations.opened import StartedTurn
from appliance.errors import NotFound
from appliance.hot.connection import Hot
from appliance.hot.recent_window import RecentWindow
from appliance.lifespan import Box
from appliance.store import conversations

OpenBox = Callable[..., Awaitable[Box]]


def counts(box: Box) -> tuple[int, ...]:
    with closing(sqlite.connect(f"file:{box.desk.database.path}?mode=ro", uri=True)) as database:
        tables = ("conversations", "messages", "turns")
        rows = [database.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables]
    return tuple(row[0] for row in rows)


async def delete(box: Box, started: StartedTurn) -> PairDeleted:
    return await box.desk.branches.delete_pair(box.person, started.message.message_id)


async def talk(box: Box, *words: str) -> list[StartedTurn]:
    """A conversation of these messages, each with its reply."""
    started: list[StartedTurn] = []
    for content in words:
        conversation_id = started[0].conversation.conversation_id if started else None
        started.append(await exchange(box, content, conversation_id))
    return started


async def test_what_followed_goes_on_from_what_stood_before(open_scripted: OpenBox) -> None:
    model = InTurn("One.", "Two.", "Three.", "Another two.", "Four.")
    box = await open_scripted(ScriptedBackend(model))
    first, second, third = await talk(box, "first", "second", "third")
    again = await box.desk.service.retry_turn(box.person, second.turn.turn_id)
    await follow_to_end(box, again.turn.turn_id)
    await box.desk.branches.show(
        box.person, first.conversation.conversation_id, third.message.message_id
    )
    deleted = await delete(box, second)
    receipt = deleted.receipt
    assert (receipt.conversations, receipt.messages, receipt.turns) == (0, 3, 2)
    assert deleted.before_id == second.message.parent_id
    assert await shown(box, first) == ["first", "One.", "third", "Three."]
    assert counts(box) == (1, 4, 2)
    await exchange(box, "fourth", first.conversation.conversation_id)
    assert "second" not in model.prompts[-1] and "Two." not in model.prompts[-1]
    assert "One.\nuser: third\nassistant: Three.\nuser: fourth" in model.prompts[-1]


async def test_without_its_last_pair_a_branch_ends_before_it(box: Box) -> None:
    first, second = await talk(box, "first", "second")
    await delete(box, second)
    assert await shown(box, first) == ["first", "A short reply."]


async def test_without_the_branch_that_is_read_the_newest_one_beside_it_is(box: Box) -> None:
    first, second = await talk(box, "first", "second")
    edited = await box.desk.branches.edit(
        box.person, second.message.message_id, "second, better", new_id()
    )
    await follow_to_end(box, edited.turn.turn_id)
    await delete(box, edited)
    assert await shown(box, first) == ["first", "A short reply.", "second", "A short reply."]


async def test_a_deleted_beginning_leaves_the_next_one_or_what_followed(box: Box) -> None:
    first, _ = await talk(box, "first", "second")
    edited = await box.desk.branches.edit(box.person, first.message.message_id, "other", new_id())
    await follow_to_end(box, edited.turn.turn_id)
    await delete(box, edited)
    assert await shown(box, first) == ["first", "A short reply.", "second", "A short reply."]
    await delete(box, first)
    assert await shown(box, first) == ["second", "A short reply."]


async def test_with_its_last_pair_a_conversation_goes_too(box: Box) -> None:
    (only,) = await talk(box, "only")
    deleted = await delete(box, only)
    assert deleted.conversation is None
    assert (deleted.receipt.conversations, deleted.receipt.messages) == (1, 2)
    assert counts(box) == (0, 0, 0)
    with pytest.raises(NotFound):
        await opened(box, only)
    with pytest.raises(NotFound):
        await delete(box, only)


async def test_what_the_model_called_it_goes_with_the_message(box: Box) -> None:
    first, _ = await talk(box, "Tell me of the forsythia", "And rice?")
    conversation_id = first.conversation.conversation_id
    async with box.desk.database.write() as tx:
        await conversations.title_by_model(tx, box.person.person_key, conversation_id, "Forsythia")
    await delete(box, first)
    left = (await opened(box, first)).conversation
    assert (left.title, left.titled_by) == ("And rice?", TitledBy.BOX)
    (found,) = await box.desk.service.list_conversations(box.person)
    assert found.title == "And rice?"


async def test_a_title_that_was_taken_from_the_message_goes_with_it(box: Box) -> None:
    first, second = await talk(box, "My zanzibar plan", "And rice?")
    deleted = await delete(box, first)
    assert deleted.conversation is not None
    assert deleted.conversation.title == "And rice?"
    await box.desk.service.rename_conversation(
        box.person, second.conversation.conversation_id, "A title of my own"
    )
    await exchange(box, "More", second.conversation.conversation_id)
    deleted = await delete(box, second)
    assert deleted.conversation is not None
    assert deleted.conversation.title == "A title of my own"


@pytest.mark.parametrize("hot", [False, True])
async def test_deleted_words_are_nowhere_any_more(open_scripted: OpenBox, hot: bool) -> None:
    backend = ScriptedBackend(InTurn("About zanzibar.", "Yes.", "No."))
    box = await open_scripted(backend, hot=hot)
    first, second = await talk(box, "Tell me of zanzibar", "And rice?")
    assert all(where_it_is(box, backend)), "the search finds nothing at all"
    await delete(box, first)
    assert not any(where_it_is(box, backend))
    await exchange(box, "More", second.conversation.conversation_id)
    assert await shown(box, second) == ["And rice?", "Yes.", "More", "No."]


def where_it_is(box: Box, backend: ScriptedBackend) -> list[set[str]]:
    """In the KV cache, in files, and in Valkey where there is one."""
    places = [
        {text for text in held_words(backend) if "zanzibar" in text},
        in_files("zanzibar", box.desk.database.path.parent),
    ]
    if box.valkey is not None and box.valkey.url is not None:
        places.append(in_valkey("zanzibar", box.valkey.url))
    return places


async def test_the_window_of_the_next_prompt_holds_nothing_of_it(open_scripted: OpenBox) -> None:
    model = InTurn("One.", "Two.", "Three.")
    box = await open_scripted(ScriptedBackend(model), hot=True)
    first, _ = await talk(box, "first", "second")
    conversation_id = first.conversation.conversation_id
    await delete(box, first)
    assert box.valkey is not None
    hot = Hot(box.valkey.url)
    leaf_id = (await opened(box, first)).conversation.leaf_id
    assert leaf_id is not None
    assert await RecentWindow(hot).get(conversation_id, leaf_id) is None
    await hot.close()
    await exchange(box, "third", conversation_id)
    assert "first" not in model.prompts[-1]

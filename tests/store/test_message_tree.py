"""Ways through a conversation that has branched."""

import pytest

from appliance.conversations.conversation import Conversation, Role, new_id
from appliance.store import conversations, message_tree, messages


@pytest.fixture
async def tree(database, person, say):
    """Two beginnings; under the first one two replies, of which the first goes on.

    hello ── hi ── and? ── yes
          └─ hey
    hallo ── servus
    """
    hello, hallo = say("hello"), say("hallo")
    hi = say("hi", after=hello, role=Role.ASSISTANT)
    more = say("and?", after=hi)
    yes = say("yes", after=more, role=Role.ASSISTANT)
    hey = say("hey", after=hello, role=Role.ASSISTANT)
    servus = say("servus", after=hallo, role=Role.ASSISTANT)
    stored = (hello, hi, more, yes, hey, hallo, servus)
    async with database.write() as tx:
        for message in stored:
            await messages.insert(tx, person.person_key, message, None)
    return {message.content: message for message in stored}


@pytest.fixture
def ids(tree):
    return lambda *words: tuple(tree[word].message_id for word in words)


async def test_a_path_begins_where_it_is_told_and_ends_at_the_leaf(
    database, person, conversation, tree
):
    async def since(leaf, first, limit=-1, most_steps=-1):
        async with database.read() as reader:
            found = await message_tree.since(
                reader,
                person.person_key,
                conversation.conversation_id,
                tree[leaf].message_id,
                tree[first].message_id if first in tree else first,
                limit,
                most_steps,
            )
        return [message.content for message in found]

    assert await since("yes", "hello") == ["hello", "hi", "and?", "yes"]
    assert await since("yes", "and?") == ["and?", "yes"]
    assert await since("yes", "yes") == ["yes"]
    assert await since("yes", "hello", limit=2) == ["hello", "hi"]
    assert await since("yes", "hello", most_steps=3) == [], "too far from the leaf"
    assert await since("yes", "hey") == [], "on another branch"
    assert await since("yes", "hallo") == [], "under another beginning"
    assert await since("hey", "yes") == [], "newer than the leaf's own branch"
    assert await since("yes", "unknown") == []


async def test_messages_in_the_same_place_know_each_other(database, person, conversation, ids):
    everybody = ids("hello", "hi", "and?", "yes", "hey", "hallo", "servus")
    async with database.read() as reader:
        found = await message_tree.siblings(
            reader, person.person_key, conversation.conversation_id, everybody
        )
    beginnings, replies = ids("hello", "hallo"), ids("hi", "hey")
    assert found == {**dict.fromkeys(beginnings, beginnings), **dict.fromkeys(replies, replies)}


async def test_beginnings_of_other_conversations_are_not_beside_this_ones(
    database, person, conversation, say, tree, ids
):
    other = Conversation(new_id(), "Other", 1000, 1000)
    elsewhere = say("elsewhere")
    async with database.write() as tx:
        await conversations.insert(tx, person.person_key, other)
        moved = type(elsewhere)(
            elsewhere.message_id, other.conversation_id, None, Role.USER, "x", 1
        )
        await messages.insert(tx, person.person_key, moved, None)
    async with database.read() as reader:
        key = person.person_key
        found = await message_tree.siblings(reader, key, conversation.conversation_id, ids("hello"))
        assert found == {ids("hello")[0]: ids("hello", "hallo")}
        assert await message_tree.siblings(reader, key, other.conversation_id, ids("hello")) == {}


async def test_below_a_message_are_its_children_and_its_newest_leaf(
    database, person, conversation, ids
):
    key = person.person_key
    async with database.read() as reader:
        (hello,) = ids("hello")
        assert await message_tree.children(reader, key, hello) == ids("hi", "hey")
        assert await message_tree.children(reader, key, ids("yes")[0]) == ()
        leaves = [await message_tree.newest_leaf(reader, key, each) for each in ids("hi", "hello")]
        assert tuple(leaves) == ids("yes", "hey")
        assert await message_tree.newest_leaf(reader, key, "unknown") is None
        oldest = await message_tree.oldest(reader, key, conversation.conversation_id)
        newest = await message_tree.newest(reader, key, conversation.conversation_id)
    assert (oldest.content, newest.content) == ("hello", "servus")


async def test_somebody_elses_tree_has_no_ways(database, stranger, conversation, ids):
    key, conversation_id = stranger.person_key, conversation.conversation_id
    hello, yes = ids("hello", "yes")
    async with database.read() as reader:
        assert await message_tree.since(reader, key, conversation_id, yes, hello, -1) == ()
        assert await message_tree.siblings(reader, key, conversation_id, [hello]) == {}
        assert await message_tree.children(reader, key, hello) == ()
        assert await message_tree.newest_leaf(reader, key, hello) is None
        assert await message_tree.oldest(reader, key, conversation_id) is None
        assert await message_tree.newest(reader, key, conversation_id) is None


async def test_another_branch_is_shown_and_the_list_stays_as_it_is(
    database, person, stranger, conversation, ids
):
    key, conversation_id = person.person_key, conversation.conversation_id
    hey, yes = ids("hey", "yes")
    async with database.write() as tx:
        await conversations.set_leaf(tx, key, conversation_id, yes, 2000)
        assert await conversations.show_branch(tx, key, conversation_id, hey)
        assert not await conversations.show_branch(tx, stranger.person_key, conversation_id, yes)
        found = await conversations.find(tx, key, conversation_id)
    assert (found.leaf_id, found.updated_at) == (hey, 2000)


async def test_a_touch_always_shows_in_the_time(database, person, conversation):
    key, conversation_id = person.person_key, conversation.conversation_id
    times = []
    for now in (5000, 5000, 4000):
        async with database.write() as tx:
            await conversations.touch(tx, key, conversation_id, now)
            times.append((await conversations.find(tx, key, conversation_id)).updated_at)
    assert times == [5000, 5001, 5002]

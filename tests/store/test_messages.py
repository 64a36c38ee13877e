import pytest

from appliance.conversations.conversation import Role
from appliance.errors import InvalidInput, NotFound, StoreError
from appliance.store import messages


async def test_a_message_comes_back_as_it_was_sent(database, person, say):
    message = say("안녕하세요, こんにちは\n\0 and a tab\t 🎉")
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, message, "client-1")
    async with database.read() as reader:
        assert await messages.find(reader, person.person_key, message.message_id) == message
        found = await messages.find_by_client_id(reader, person.person_key, "client-1")
        assert found == message


async def test_another_persons_message_is_never_found(
    database, person, stranger, conversation, say
):
    message = say("private")
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, message, "client-1")
    key = stranger.person_key
    async with database.read() as reader:
        assert await messages.find(reader, key, message.message_id) is None
        assert await messages.find_by_client_id(reader, key, "client-1") is None
        ids = (conversation.conversation_id, message.message_id)
        assert await messages.branch(reader, key, *ids) == ()


async def test_nobody_writes_into_another_persons_conversation(database, stranger, say):
    with pytest.raises(NotFound):
        async with database.write() as tx:
            await messages.insert(tx, stranger.person_key, say("intruder"), None)


async def test_a_parent_from_elsewhere_is_refused(database, person, say):
    never_stored = say("a ghost")
    with pytest.raises(NotFound):
        async with database.write() as tx:
            await messages.insert(tx, person.person_key, say("x", after=never_stored), None)


async def test_a_client_message_id_counts_once_for_each_person(database, person, say):
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, say("one"), "client-1")
    with pytest.raises(StoreError):
        async with database.write() as tx:
            await messages.insert(tx, person.person_key, say("again"), "client-1")
    async with database.write() as tx:  # Messages without one never collide.
        await messages.insert(tx, person.person_key, say("reply"), None)
        await messages.insert(tx, person.person_key, say("reply"), None)


async def test_a_branch_is_the_path_from_the_root(database, person, conversation, say, add_chain):
    async with database.write() as tx:
        chain = await add_chain(tx, person.person_key, 4)
        other = say("another try", after=chain[2], role=Role.ASSISTANT)
        await messages.insert(tx, person.person_key, other, None)
    key, conversation_id = person.person_key, conversation.conversation_id
    async with database.read() as reader:

        async def branch(leaf, limit=None):
            return await messages.branch(reader, key, conversation_id, leaf.message_id, limit)

        assert await branch(chain[3]) == tuple(chain)
        assert await branch(other) == (*chain[:3], other)
        assert await branch(other, 2) == (chain[2], other)
        assert await branch(chain[0], 50) == (chain[0],)


async def test_a_branch_needs_the_right_conversation(database, person, say, add_chain):
    async with database.write() as tx:
        chain = await add_chain(tx, person.person_key, 2)
    async with database.read() as reader:
        leaf_id = chain[-1].message_id
        assert await messages.branch(reader, person.person_key, "elsewhere", leaf_id) == ()


async def test_a_lone_surrogate_is_refused_and_nothing_is_stored(database, person, say):
    whole, broken = say("whole"), say("half \ud83d")
    with pytest.raises(InvalidInput):
        async with database.write() as tx:
            await messages.insert(tx, person.person_key, whole, None)
            await messages.insert(tx, person.person_key, broken, None)
    async with database.read() as reader:
        assert await messages.find(reader, person.person_key, whole.message_id) is None


async def test_looking_for_a_lone_surrogate_is_refused_too(database, person):
    with pytest.raises(InvalidInput):
        async with database.read() as reader:
            await messages.find_by_client_id(reader, person.person_key, "\udc00")


async def test_the_length_of_a_branch_counts_what_leads_to_its_leaf_and_nothing_else(
    database, person, stranger, conversation, add_chain, say
):
    async with database.write() as tx:
        chain = await add_chain(tx, person.person_key, 7)
        await messages.insert(tx, person.person_key, say("another try", after=chain[2]), None)

    async def length(owner, conversation_id, leaf_id):
        async with database.read() as reader:
            return await messages.branch_length(reader, owner, conversation_id, leaf_id)

    conversation_id = conversation.conversation_id
    assert await length(person.person_key, conversation_id, chain[-1].message_id) == 7
    assert await length(person.person_key, conversation_id, chain[2].message_id) == 3
    assert await length(person.person_key, conversation_id, "unknown") == 0
    assert await length(stranger.person_key, conversation_id, chain[-1].message_id) == 0
    assert await length(person.person_key, "unknown", chain[-1].message_id) == 0


async def test_a_reply_is_only_ever_made_longer(database, person, stranger, say):
    question = say("why?")
    reply = say("Because\0 안", after=question, role=Role.ASSISTANT)
    async with database.write() as tx:
        for message in (question, reply):
            await messages.insert(tx, person.person_key, message, None)

    async def extend(key, message, content):
        async with database.write() as tx:
            done = await messages.extend(tx, key, message.message_id, content)
            return done, (await messages.find(tx, person.person_key, message.message_id)).content

    key = person.person_key
    longer = reply.content + "녕 and so on"
    assert await extend(key, reply, "Something else, and longer") == (False, reply.content)
    assert await extend(key, reply, "Because\0 X and longer") == (False, reply.content)
    assert await extend(stranger.person_key, reply, longer) == (False, reply.content)
    assert await extend(key, reply, longer) == (True, longer)
    assert await extend(key, reply, longer) == (True, longer), "as long as it is"
    assert await extend(key, reply, reply.content) == (False, longer), "shorter"
    assert await extend(key, question, "why? and more") == (False, "why?"), "not a reply"


async def test_a_pair_is_deleted_and_what_followed_closes_the_gap(
    database, person, stranger, conversation, say, add_chain
):
    key, conversation_id = person.person_key, conversation.conversation_id
    async with database.write() as tx:
        first, answer, second, reply, third, last = await add_chain(tx, key, 6)
        other = say("another try", after=second, role=Role.ASSISTANT)
        beside = say("on the other branch", after=other)
        impatient = say("without waiting for a reply", after=second)
        for message in (other, beside, impatient):
            await messages.insert(tx, key, message, None)
    async with database.write() as tx:
        assert await messages.delete_pair(tx, stranger.person_key, second.message_id) == 0
        assert await messages.delete_pair(tx, key, reply.message_id) == 0, "a reply is no pair"
        assert await messages.delete_pair(tx, key, second.message_id) == 3
    async with database.read() as reader:
        for gone in (second, reply, other):
            assert await messages.find(reader, key, gone.message_id) is None
        for left in (third, beside, impatient):
            found = await messages.find(reader, key, left.message_id)
            assert found.parent_id == answer.message_id
        branch = await messages.branch(reader, key, conversation_id, last.message_id)
    assert [message.message_id for message in branch] == [
        message.message_id for message in (first, answer, third, last)
    ]


async def test_after_the_first_pair_is_deleted_the_next_one_is_a_beginning(
    database, person, add_chain
):
    async with database.write() as tx:
        chain = await add_chain(tx, person.person_key, 4)
        assert await messages.delete_pair(tx, person.person_key, chain[0].message_id) == 2
        found = await messages.find(tx, person.person_key, chain[2].message_id)
    assert found.parent_id is None


async def test_all_of_a_conversation_goes_and_nothing_of_another_persons(
    database, person, stranger, conversation, add_chain
):
    async with database.write() as tx:
        await add_chain(tx, person.person_key, 3)
        conversation_id = conversation.conversation_id
        assert await messages.delete_all(tx, stranger.person_key, conversation_id) == 0
        assert await messages.delete_all(tx, person.person_key, conversation_id) == 3

import pytest

from appliance.conversations.conversation import Conversation, new_id
from appliance.conversations.deleted import DeleteReceipt
from appliance.errors import NotFound
from appliance.store import conversations, messages, turns

CANARY = "the-canary-sings-at-midnight"


async def test_a_conversation_comes_back_with_its_leaf(database, person, conversation, say):
    message = say("hello")
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, message, None)
        await conversations.set_leaf(
            tx, person.person_key, conversation.conversation_id, message.message_id, 2000
        )
    async with database.read() as reader:
        found = await conversations.find(reader, person.person_key, conversation.conversation_id)
    assert found == Conversation(
        conversation.conversation_id, "Tea", 1000, 2000, leaf_id=message.message_id
    )


async def test_the_list_is_ordered_by_activity_and_not_by_the_clock(
    database, person, conversation, say
):
    message = say("hello")
    second = Conversation(new_id(), "Later", created_at=900, updated_at=900)
    key = person.person_key
    async with database.write() as tx:
        await conversations.insert(
            tx, key, second
        )  # The clock went back; it is newer all the same.
    async with database.read() as reader:
        titles = [found.title for found in await conversations.list_recent(reader, key)]
    assert titles == ["Later", "Tea"]
    async with database.write() as tx:
        await messages.insert(tx, key, message, None)
        await conversations.set_leaf(tx, key, message.conversation_id, message.message_id, 800)
    async with database.read() as reader:
        titles = [found.title for found in await conversations.list_recent(reader, key)]
        assert titles == ["Tea", "Later"]
        assert len(await conversations.list_recent(reader, key, limit=1)) == 1


async def test_renaming_tells_whether_there_was_something_to_rename(
    database, person, stranger, conversation
):
    conversation_id = conversation.conversation_id
    async with database.write() as tx:
        assert await conversations.rename(tx, person.person_key, conversation_id, "Coffee")
        assert not await conversations.rename(tx, stranger.person_key, conversation_id, "Mine")
        assert not await conversations.rename(tx, person.person_key, new_id(), "Nothing")
    async with database.read() as reader:
        found = await conversations.find(reader, person.person_key, conversation_id)
    assert found is not None and found.title == "Coffee"


async def test_another_persons_conversation_is_never_found(
    database, person, stranger, conversation, say
):
    message = say("private")
    key, conversation_id = stranger.person_key, conversation.conversation_id
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, message, None)
    async with database.read() as reader:
        assert await conversations.find(reader, key, conversation_id) is None
        assert await conversations.list_recent(reader, key) == ()
    with pytest.raises(NotFound):
        async with database.write() as tx:
            await conversations.set_leaf(tx, key, conversation_id, message.message_id, 1)
    async with database.write() as tx:
        receipt = await conversations.delete(tx, key, conversation_id)
    assert receipt == DeleteReceipt(0, 0, 0)
    async with database.read() as reader:
        assert await conversations.find(reader, person.person_key, conversation_id)


async def test_a_leaf_from_another_conversation_is_refused(database, person, conversation, say):
    message = say("hello")
    other = Conversation(new_id(), "Other", 1, 1)
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, message, None)
        await conversations.insert(tx, person.person_key, other)
    with pytest.raises(NotFound):
        async with database.write() as tx:
            await conversations.set_leaf(
                tx, person.person_key, other.conversation_id, message.message_id, 1
            )


async def test_deleting_takes_messages_and_turns_and_counts_them(
    database, person, conversation, add_chain, turn_for
):
    key, conversation_id = person.person_key, conversation.conversation_id
    async with database.write() as tx:
        chain = await add_chain(tx, key, 5)
        await turns.insert(tx, key, turn_for(chain[4]))
        await conversations.set_leaf(tx, key, conversation_id, chain[4].message_id, 1)
    async with database.write() as tx:
        receipt = await conversations.delete(tx, key, conversation_id)
    assert receipt == DeleteReceipt(conversations=1, messages=5, turns=1)
    async with database.read() as reader:
        for table in ("conversations", "messages", "turns"):
            rows = await reader.execute_fetchall(f"SELECT count(*) FROM {table}")
            assert list(rows) == [(0,)], table


async def test_deleted_text_is_gone_from_the_file_and_the_wal(
    database, path, person, conversation, say
):
    def bytes_on_disk() -> bytes:
        return b"".join(file.read_bytes() for file in path.parent.iterdir())

    key = person.person_key
    long = say(CANARY * 2000)  # Long enough for pages of its own.
    async with database.write() as tx:
        await messages.insert(tx, key, say(CANARY), None)
        await messages.insert(tx, key, long, None)
        await conversations.rename(tx, key, conversation.conversation_id, CANARY)
    assert CANARY.encode() in bytes_on_disk()
    async with database.write() as tx:
        await conversations.delete(tx, key, conversation.conversation_id)
    assert await database.truncate_wal()
    assert CANARY.encode() not in bytes_on_disk()

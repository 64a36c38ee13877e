"""Copies of conversations behind links: what is in them, who reaches them, and how they end."""

from dataclasses import replace

import pytest
from kept_conversations import add, keep

from appliance.conversations.conversation import Message, Role, new_id
from appliance.conversations.shared_link import SharedLink
from appliance.errors import NotFound
from appliance.store import conversations, holdings, messages, shared_links

NOW = 1_800_000_000
DAY = 86_400


async def share(database, person, conversation, secret_hash=b"h", **changes):
    link = SharedLink(new_id(), conversation.conversation_id, "", NOW, NOW + DAY, False)
    link = replace(link, **changes)
    async with database.write() as tx:
        count = await shared_links.insert(tx, person.person_key, link, secret_hash)
    return link, count


async def read(database, secret_hash=b"h", now=NOW, number=1, length=50):
    async with database.read() as reader:
        return await shared_links.open_page(reader, secret_hash, now, number, length)


async def test_the_branch_that_is_read_is_copied_and_nothing_else(database, person):
    conversation, said = await keep(database, person, "Tea", "Which?", "Green.", "Why?", "So.")
    other = Message(
        new_id(), conversation.conversation_id, said[0].message_id, Role.ASSISTANT, "Black.", NOW
    )
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, other, None)
    _, count = await share(database, person, conversation)
    page = await read(database)
    assert count == 4
    assert [(m.role, m.content) for m in page.messages] == [
        (Role.USER, "Which?"),
        (Role.ASSISTANT, "Green."),
        (Role.USER, "Why?"),
        (Role.ASSISTANT, "So."),
    ]
    assert (page.title, page.owner_name) == ("Tea", "")


async def test_what_is_said_or_renamed_later_is_not_in_the_copy(database, person):
    conversation, said = await keep(database, person, "Tea", "Which?", "Green.")
    await share(database, person, conversation)
    key, conversation_id = person.person_key, conversation.conversation_id
    more = Message(new_id(), conversation_id, said[-1].message_id, Role.USER, "More", NOW)
    async with database.write() as tx:
        await messages.insert(tx, key, more, None)
        await messages.extend(tx, key, said[1].message_id, "Green. Or white.")
        await conversations.rename(tx, key, conversation_id, "Coffee")
    page = await read(database)
    assert [m.content for m in page.messages] == ["Which?", "Green."]
    assert page.title == "Tea"


async def test_the_owner_is_named_only_if_that_was_chosen(database, person):
    conversation, _ = await keep(database, person, "Tea", "Which?")
    await share(database, person, conversation, b"named", shows_name=True)
    assert (await read(database, b"named")).owner_name == person.name


async def test_nobody_shares_what_is_anothers(database, person, stranger):
    conversation, _ = await keep(database, person, "Tea", "Which?")
    with pytest.raises(NotFound):
        await share(database, stranger, conversation)
    assert await read(database) is None


async def test_a_link_is_listed_for_its_owner_alone_and_ended_by_them_alone(
    database, person, stranger
):
    conversation, _ = await keep(database, person, "Tea", "Which?", "Green.")
    link, _ = await share(database, person, conversation)
    async with database.write() as tx:
        assert not await shared_links.delete(tx, stranger.person_key, link.link_id)
        assert await shared_links.list_all(tx, stranger.person_key, NOW) == ()
        (listed,) = await shared_links.list_all(tx, person.person_key, NOW)
        assert (listed.title, listed.message_count, listed.views) == ("Tea", 2, 0)
        conversation_id = conversation.conversation_id
        found = await shared_links.of_conversation(tx, person.person_key, conversation_id, NOW)
        assert found == (listed,)
        assert not await shared_links.of_conversation(tx, stranger.person_key, conversation_id, NOW)
        assert await shared_links.delete(tx, person.person_key, link.link_id)
    assert await read(database) is None


async def test_an_expired_link_shows_nothing_and_is_deleted_with_its_copy(database, person):
    conversation, _ = await keep(database, person, "Tea", "Which?")
    await share(database, person, conversation)
    assert await read(database, now=NOW + DAY - 1) is not None
    assert await read(database, now=NOW + DAY) is None
    async with database.write() as tx:
        assert await shared_links.count(tx, person.person_key, NOW + DAY) == 0
        assert await shared_links.delete_expired(tx, NOW + DAY) == 1
        assert list(await tx.execute_fetchall("SELECT 1 FROM shared_messages")) == []


async def test_long_copies_are_read_page_by_page(database, person):
    conversation, _ = await keep(database, person, "Tea", *map(str, range(7)))
    await share(database, person, conversation)
    pages = [await read(database, number=number, length=3) for number in (1, 2, 3, 99)]
    assert [[m.content for m in page.messages] for page in pages] == [
        ["0", "1", "2"],
        ["3", "4", "5"],
        ["6"],
        ["6"],
    ]
    assert [(page.number, page.count) for page in pages] == [(1, 3), (2, 3), (3, 3), (3, 3)]


async def test_deleting_a_message_ends_the_links_that_show_it(database, person):
    conversation, said = await keep(database, person, "Tea", "Which?", "Green.", "Why?", "So.")
    await share(database, person, conversation, b"one")
    async with database.write() as tx:
        other, _ = await add(tx, person, "Rice", "How?")
    await share(database, person, other, b"two")
    async with database.write() as tx:
        key, message_id = person.person_key, said[2].message_id
        assert await shared_links.delete_showing(tx, key, message_id) == 1
    assert await read(database, b"one") is None
    assert await read(database, b"two") is not None


async def test_whoever_deletes_a_message_need_not_remember_the_links(database, person):
    conversation, said = await keep(database, person, "Tea", "Which?", "Green.")
    await share(database, person, conversation)
    async with database.write() as tx:
        await messages.delete_pair(tx, person.person_key, said[0].message_id)
    assert await read(database) is None


async def test_a_conversation_takes_its_links_along_and_the_receipt_counts_them(database, person):
    conversation, _ = await keep(database, person, "Tea", "Which?", "Green.")
    await share(database, person, conversation, b"one")
    await share(database, person, conversation, b"two")
    async with database.write() as tx:
        held = await holdings.count(tx, person.person_key)
        receipt = await conversations.delete(tx, person.person_key, conversation.conversation_id)
        assert list(await tx.execute_fetchall("SELECT 1 FROM shared_messages")) == []
    assert (held.shared_links, receipt.shared_links, receipt.messages) == (2, 2, 2)


async def test_all_that_is_a_persons_goes_with_their_links(database, person, stranger):
    mine, _ = await keep(database, person, "Tea", "Which?")
    theirs, _ = await keep(database, stranger, "Rice", "How?")
    await share(database, person, mine, b"mine")
    await share(database, stranger, theirs, b"theirs")
    async with database.write() as tx:
        await holdings.erase(tx, person.person_key)
    assert await read(database, b"mine") is None
    assert await read(database, b"theirs") is not None
    async with database.write() as tx:
        assert await shared_links.delete_all(tx, stranger.person_key) == 1


async def test_how_much_everybody_has_is_counted_in_bytes(database, person, stranger):
    conversation, _ = await keep(database, person, "Tea", "차", "Green.")
    await share(database, person, conversation)
    async with database.write() as tx:
        before = await holdings.bytes_by_person(tx)
        await add(tx, stranger, "x" * 1000, "y" * 500)
        counts = await holdings.counts_by_person(tx)
        after = await holdings.bytes_by_person(tx)
    assert stranger.person_key not in before
    assert after[person.person_key] == before[person.person_key] > 2 * len("차Green.".encode())
    assert 1500 <= after[stranger.person_key] <= 1800
    assert counts == {person.person_key: (1, 2), stranger.person_key: (1, 1)}

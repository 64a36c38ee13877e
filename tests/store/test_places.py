"""Pins, the archive and folders, as the tables keep them."""

from dataclasses import replace

import pytest
from kept_conversations import keep

from appliance.conversations.conversation import Folder, new_id
from appliance.store import conversations, folders

GARDEN = Folder("f" * 32, "Garden")


@pytest.fixture
async def garden(database, person):
    async with database.write() as tx:
        await folders.insert(tx, person.person_key, GARDEN, 0)
    return GARDEN


@pytest.fixture
def place(database, person):
    async def place(conversation, owner=person, **changes):
        async with database.write() as tx:
            return await conversations.place(tx, owner.person_key, replace(conversation, **changes))

    return place


@pytest.fixture
def titles(database, person):
    """What the list, or a page of the shelf, shows."""

    async def titles(owner=person, limit=100, **where):
        async with database.read() as reader:
            if where:
                found = await conversations.on_shelf(reader, owner.person_key, limit=limit, **where)
            else:
                found = await conversations.list_recent(reader, owner.person_key, limit)
        return [each.title for each in found]

    return titles


async def test_pinned_ones_stand_first_and_the_archive_apart(database, person, place, titles):
    made = [(await keep(database, person, title))[0] for title in "abcd"]
    assert await titles() == ["d", "c", "b", "a"]
    assert await place(made[0], is_pinned=True)
    assert await place(made[3], is_archived=True)
    assert await titles() == ["a", "c", "b"]
    assert await titles(archived=False) == ["c", "b", "a"]
    assert await titles(archived=True) == ["d"]


async def test_the_shelf_goes_on_after_the_last_one_of_a_page(database, person, titles):
    made = [(await keep(database, person, title))[0] for title in "abcde"]
    assert await titles(archived=False, limit=2) == ["e", "d"]
    after_id = made[3].conversation_id
    assert await titles(archived=False, after_id=after_id, limit=2) == ["c", "b"]
    assert await titles(archived=False, after_id=made[0].conversation_id) == []


async def test_it_goes_on_also_among_those_of_one_activity(database, person, titles):
    made = [(await keep(database, person, title))[0] for title in "abcde"]
    async with database.write() as tx:
        await tx.execute("UPDATE conversations SET activity = 7")
    assert await titles() == ["e", "d", "c", "b", "a"]
    assert await titles(archived=False, limit=2) == ["e", "d"]
    after_id = made[3].conversation_id
    assert await titles(archived=False, after_id=after_id, limit=2) == ["c", "b"]


async def test_a_conversation_is_in_one_folder_and_stays_when_it_is_deleted(
    database, person, garden, place, titles
):
    conversation, _ = await keep(database, person, "Roses")
    await keep(database, person, "Other")
    assert await place(conversation, folder=garden)
    async with database.read() as reader:
        found = await conversations.find(reader, person.person_key, conversation.conversation_id)
    assert found is not None and found.folder == garden
    assert await titles(folder_id=garden.folder_id) == ["Roses"]
    async with database.write() as tx:
        assert await folders.delete(tx, person.person_key, garden.folder_id) == 1
    assert await titles() == ["Other", "Roses"]
    async with database.read() as reader:
        assert await folders.list_all(reader, person.person_key) == ()


async def test_folders_are_listed_by_name_and_renamed(database, person, garden):
    async with database.write() as tx:
        await folders.insert(tx, person.person_key, Folder(new_id(), "Attic"), 0)
        assert await folders.rename(tx, person.person_key, garden.folder_id, "Acre")
        assert not await folders.rename(tx, person.person_key, "unknown", "x")
    async with database.read() as reader:
        listed = await folders.list_all(reader, person.person_key)
        assert [folder.name for folder in listed] == ["Acre", "Attic"]
        assert await folders.find_by_name(reader, person.person_key, "Garden") is None


async def test_another_persons_places_are_neither_seen_nor_changed(
    database, person, stranger, garden, place, titles
):
    conversation, _ = await keep(database, person, "Roses")
    foreign, _ = await keep(database, stranger, "Foreign")
    assert not await place(conversation, owner=stranger, is_pinned=True, folder=garden)
    # Somebody else's folder is none.
    assert await place(foreign, owner=stranger, folder=garden)
    assert await titles(owner=stranger, folder_id=garden.folder_id) == []
    async with database.write() as tx:
        assert not await folders.rename(tx, stranger.person_key, garden.folder_id, "Mine")
        assert await folders.delete(tx, stranger.person_key, garden.folder_id) == 0
    async with database.read() as reader:
        assert await folders.find(reader, stranger.person_key, garden.folder_id) is None
        assert await folders.find_by_name(reader, stranger.person_key, "Garden") is None
        assert await folders.list_all(reader, stranger.person_key) == ()
        assert await folders.find(reader, person.person_key, garden.folder_id) == garden
        found = await conversations.find(reader, person.person_key, conversation.conversation_id)
        assert found == conversation
    assert await titles(owner=stranger) == ["Foreign"]


async def test_a_deleted_folders_name_is_gone_from_the_file(database, path, person):
    folder = Folder(new_id(), "the-canary-folder")
    async with database.write() as tx:
        await folders.insert(tx, person.person_key, folder, 0)
    async with database.write() as tx:
        await folders.delete(tx, person.person_key, folder.folder_id)
    await database.truncate_wal()
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"the-canary-folder" not in left

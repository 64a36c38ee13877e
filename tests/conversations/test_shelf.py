"""Where a person puts their conversations, over a real database."""

import pytest
from kept_conversations import add, keep, stranger_in

from appliance.conversations.folders import MOST_FOLDERS
from appliance.conversations.shelf import SHELF_LENGTH, Placing
from appliance.errors import Conflict, InvalidInput, NotFound

PIN, UNPIN = Placing(is_pinned=True), Placing(is_pinned=False)
ARCHIVE, BRING_BACK = Placing(is_archived=True), Placing(is_archived=False)


@pytest.fixture
async def roses(box):
    conversation, _ = await keep(box.desk.database, box.person, "Roses", "How are roses cut?")
    return conversation


@pytest.fixture
def place(box, roses):
    async def place(placing, person=box.person):
        return await box.desk.shelf.place(person, roses.conversation_id, placing)

    return place


async def listed(box):
    return [each.title for each in await box.desk.service.list_conversations(box.person)]


async def test_pinning_and_putting_away_undo_each_other(box, roses, place):
    assert (await place(PIN)).is_pinned
    archived = await place(ARCHIVE)
    assert (archived.is_archived, archived.is_pinned) == (True, False)
    assert await listed(box) == []
    pinned = await place(PIN)
    assert (pinned.is_archived, pinned.is_pinned) == (False, True)
    assert await listed(box) == ["Roses"]
    assert not (await place(UNPIN)).is_pinned
    await place(ARCHIVE)
    assert not (await place(BRING_BACK)).is_archived


async def test_a_new_folder_is_made_on_the_way_and_the_same_name_is_the_same_folder(
    box, roses, place
):
    first = (await place(Placing(new_folder="  Garden\n plans "))).folder
    assert first is not None and first.name == "Garden plans"
    again = await box.desk.shelf.make_folder(box.person, "Garden plans")
    assert again == first
    page = await box.desk.shelf.page(box.person, folder_id=first.folder_id)
    assert [each.title for each in page.conversations] == ["Roses"]
    assert page.folders == (first,)
    assert (await place(Placing(folder_id=""))).folder is None
    assert (await place(Placing(folder_id=first.folder_id))).folder == first
    # What is not said about stays.
    assert (await place(PIN)).folder == first


async def test_deleting_a_folder_leaves_its_conversations(box, roses, place):
    folder = (await place(Placing(new_folder="Garden"))).folder
    assert await box.desk.shelf.delete_folder(box.person, folder.folder_id) == 1
    assert await listed(box) == ["Roses"]
    with pytest.raises(NotFound):
        await box.desk.shelf.delete_folder(box.person, folder.folder_id)
    with pytest.raises(NotFound):
        await box.desk.shelf.page(box.person, folder_id=folder.folder_id)


async def test_two_folders_do_not_have_one_name(box):
    shelf = box.desk.shelf
    garden = await shelf.make_folder(box.person, "Garden")
    attic = await shelf.make_folder(box.person, "Attic")
    with pytest.raises(Conflict, match="another name"):
        await shelf.rename_folder(box.person, attic.folder_id, "Garden")
    assert await shelf.rename_folder(box.person, garden.folder_id, "Garden") == garden
    page = await shelf.page(box.person)
    assert page.folders == (attic, garden)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("", "needs a name"), (" \n\t ", "needs a name"), ("x" * 61, "at most 60"), ("\0", "NUL")],
)
async def test_a_name_that_cannot_be_is_refused_with_a_sentence(box, name, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        await box.desk.shelf.make_folder(box.person, name)
    folder = await box.desk.shelf.make_folder(box.person, "Garden")
    with pytest.raises(InvalidInput, match=sentence):
        await box.desk.shelf.rename_folder(box.person, folder.folder_id, name)
    assert (await box.desk.shelf.page(box.person)).folders == (folder,)


async def test_there_are_only_so_many_folders(box, place):
    for number in range(MOST_FOLDERS):
        await box.desk.shelf.make_folder(box.person, f"folder {number}")
    with pytest.raises(InvalidInput, match="Delete one first"):
        await place(Placing(new_folder="one more"))
    assert (await place(Placing(new_folder="folder 7"))).folder is not None


async def test_what_is_somebody_elses_is_not_there(box, roses, place):
    stranger = await stranger_in(box.desk.database)
    shelf = box.desk.shelf
    garden = await shelf.make_folder(box.person, "Garden")
    foreign, _ = await keep(box.desk.database, stranger, "Foreign")
    for placing in (PIN, ARCHIVE, Placing(new_folder="Mine now")):
        with pytest.raises(NotFound):
            await place(placing, person=stranger)
    with pytest.raises(NotFound):
        await shelf.place(stranger, foreign.conversation_id, Placing(folder_id=garden.folder_id))
    with pytest.raises(NotFound):
        await shelf.rename_folder(stranger, garden.folder_id, "Mine")
    with pytest.raises(NotFound):
        await shelf.delete_folder(stranger, garden.folder_id)
    with pytest.raises(NotFound):
        await shelf.find(stranger, roses.conversation_id)
    assert (await shelf.page(stranger)).folders == ()
    found, folders = await shelf.find(box.person, roses.conversation_id)
    assert (found.is_pinned, found.is_archived, found.folder) == (False, False, None)
    assert folders == (garden,)


async def test_a_shelf_of_many_is_read_page_by_page(box):
    async with box.desk.database.write() as tx:
        for number in range(SHELF_LENGTH + 5):
            await add(tx, box.person, f"number {number}")
    first = await box.desk.shelf.page(box.person)
    assert len(first.conversations) == SHELF_LENGTH
    assert first.has_more
    rest = await box.desk.shelf.page(box.person, after_id=first.conversations[-1].conversation_id)
    assert [each.title for each in rest.conversations] == [
        f"number {number}" for number in reversed(range(5))
    ]
    assert not rest.has_more

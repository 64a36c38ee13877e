"""The watched folder: what lies there is there for everybody, as long as it lies there."""

import asyncio
import os
import shutil

import pytest

from appliance.documents.document import DocumentState, Place
from appliance.documents.watched_folder import WatchedFolder


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "shared"
    path.mkdir()
    return path


@pytest.fixture
def watched(shelf, folder):
    return WatchedFolder(folder, shelf.library, still_seconds=0.01)


async def looked(watched, shelf):
    """Twice, because a file is taken when it stood still between two looks."""
    await watched.look()
    await watched.look()
    await shelf.intake.wait_idle()


async def names(shelf, person):
    return sorted(each.name for each in await shelf.library.list(person))


async def test_what_lies_there_is_read_for_everybody(shelf, eve, folder, watched):
    (folder / "house").mkdir()
    (folder / "house" / "boiler.txt").write_text("The valve is blue.")
    await looked(watched, shelf)
    (found,) = await shelf.library.list(eve)
    assert (found.name, found.is_everybodys) == ("house - boiler.txt", True)
    assert await shelf.texts(found) == ["The valve is blue."]
    await looked(watched, shelf)
    assert (await shelf.library.list(eve)) == (found,), "it is taken once"


async def test_one_that_is_still_being_written_is_not_taken_yet(shelf, eve, folder, watched):
    path = folder / "a.txt"
    path.write_text("Half")
    assert await watched.look()
    path.write_text("Half and half.")
    assert await watched.look()
    assert await shelf.library.list(eve) == ()
    await looked(watched, shelf)
    (found,) = await shelf.library.list(eve)
    assert await shelf.texts(found) == ["Half and half."]


async def test_changes_renames_and_deletions_are_followed(shelf, eve, folder, watched):
    (folder / "a.txt").write_text("Red.")
    (folder / "b.txt").write_text("Green.")
    await looked(watched, shelf)
    (folder / "a.txt").write_text("Redder than red.")
    os.rename(folder / "b.txt", folder / "c.txt")
    await looked(watched, shelf)
    assert await names(shelf, eve) == ["a.txt", "c.txt"]
    (a,) = [each for each in await shelf.library.list(eve) if each.name == "a.txt"]
    assert await shelf.texts(a) == ["Redder than red."]
    (folder / "a.txt").unlink()
    await watched.look()
    assert await names(shelf, eve) == ["c.txt"]
    assert len(shelf.lying()) == 1


async def test_a_folder_that_is_away_is_no_wish_to_delete(shelf, eve, folder, watched):
    (folder / "a.txt").write_text("Red.")
    await looked(watched, shelf)
    shutil.move(folder, folder.with_name("unplugged"))
    await watched.look()
    assert await names(shelf, eve) == ["a.txt"]


async def test_links_hidden_files_and_downloads_by_halves_are_left_alone(
    shelf, eve, folder, watched
):
    secret = folder.with_name("secret.txt")
    secret.write_text("zanzibar")
    (folder / "link.txt").symlink_to(secret)
    for name in (".hidden", "a.part", "b.crdownload", "~$c.docx", "d.txt~"):
        (folder / name).write_text("no")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.txt").write_text("no")
    os.mkfifo(folder / "pipe.txt")
    await looked(watched, shelf)
    assert await shelf.library.list(eve) == ()


async def test_what_cannot_be_read_says_so_and_is_not_tried_again(shelf, eve, folder, watched):
    (folder / "a.png").write_bytes(b"\x89PNG" + bytes(9))
    await looked(watched, shelf)
    (found,) = await shelf.library.list(eve)
    assert found.state is DocumentState.REFUSED
    await looked(watched, shelf)
    assert (await shelf.library.list(eve)) == (found,)


async def test_what_an_admin_put_in_is_not_the_folders_business(shelf, eve, folder, watched):
    await shelf.put(b"Hello.", "a.txt", Place(0))
    await looked(watched, shelf)
    assert await names(shelf, eve) == ["a.txt"]


async def test_a_new_file_is_noticed_without_being_asked(shelf, eve, folder):
    running = asyncio.create_task(
        WatchedFolder(folder, shelf.library, look_every_seconds=30, still_seconds=0.05).run()
    )
    try:
        (folder / "a.txt").write_text("Red.")
        async with asyncio.timeout(25):
            while not (found := await shelf.library.list(eve)) or not found[0].state.is_final:
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert found[0].name == "a.txt"

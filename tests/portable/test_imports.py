"""What an import does to the box: each conversation whole or not at all, and a report."""

import asyncio

import pytest
from exports import bring, exported, own_conversation, own_file, rows, waiting

from appliance.conversations.folders import MOST_FOLDERS
from appliance.errors import Conflict, ImportRefused, NotFound, StoreFull
from appliance.portable.waiting_file import WaitingFile
from appliance.store import whole_conversations


async def limit_pages(box, pages):
    async with box.desk.database.write() as tx:
        await tx.execute_fetchall(f"PRAGMA max_page_count={pages}")


async def test_a_disk_that_fills_in_the_middle_keeps_what_was_told_and_says_so(box):
    conversations = [own_conversation("x" * 40_000, title=f"{n}") for n in range(200)]
    (used,) = rows(box, "PRAGMA page_count")
    await limit_pages(box, used[0] + 300)
    report = await bring(box, own_file(*conversations))
    assert "disk is full" in report.ended
    assert 0 < report.conversations < 200
    ((kept,),) = rows(box, "SELECT count(*) FROM conversations")
    assert kept == report.conversations
    # Room is made, and the same file again brings the rest.
    await limit_pages(box, 1_000_000)
    again = await bring(box, own_file(*conversations))
    assert (again.already_here, again.conversations) == (kept, 200 - kept)
    assert rows(box, "PRAGMA integrity_check") == [("ok",)]


async def test_a_conversation_comes_in_whole_or_not_at_all(box, monkeypatch):
    def breaks_off(person_key, key, said):
        yield from list(whole_rows(person_key, key, said))[:1]
        raise StoreFull("The disk is full.")

    whole_rows = whole_conversations._message_rows
    monkeypatch.setattr(whole_conversations, "_message_rows", breaks_off)
    report = await bring(box, own_file(own_conversation("One", "Two", folder="Garden")))
    assert report.ended == "The disk is full."
    monkeypatch.undo()
    for table in ("conversations", "messages", "folders"):
        assert rows(box, f"SELECT count(*) FROM {table}") == [(0,)]


async def test_what_finds_no_place_for_its_folder_waits_for_one(box):
    sorted_in = [
        own_conversation("Hi", folder=f"Folder {number}") for number in range(MOST_FOLDERS + 2)
    ]
    file = own_file(own_conversation("Hi"), *sorted_in, own_conversation("Ho", folder="Folder 0"))
    report = await bring(box, file)
    assert (report.conversations, report.ended) == (MOST_FOLDERS + 2, "")
    ((reason, count),) = report.skipped.items()
    assert "Delete one first" in reason and count == 2
    assert report.first_skipped[reason] == MOST_FOLDERS + 2
    assert rows(box, "SELECT count(*) FROM folders") == [(MOST_FOLDERS,)]
    # Room is made, and the same file again brings one more.
    folders = (await box.desk.shelf.page(box.person)).folders
    await box.desk.shelf.delete_folder(box.person, folders[0].folder_id)
    again = await bring(box, file)
    assert (again.conversations, again.skipped.total()) == (1, 1)


async def test_what_is_in_the_archive_is_not_pinned(box):
    said = own_conversation("Hi", is_pinned=True, is_archived=True)
    await bring(box, own_file(said))
    assert rows(box, "SELECT is_pinned, is_archived FROM conversations") == [(0, 1)]


async def test_one_import_at_a_time(box):
    large = own_file(*(own_conversation("x" * 1000) for _ in range(500)))
    begun = await box.desk.imports.start(box.person, waiting(box, large))
    second = waiting(box, large)
    with pytest.raises(Conflict, match="being imported already"):
        await box.desk.imports.start(box.person, second)
    assert second.closed
    await begun.task
    assert (await bring(box, large)).already_here == 500


async def test_an_import_can_be_followed_by_whom_it_belongs_to_alone(box, eve):
    begun = await box.desk.imports.start(box.person, waiting(box, own_file(own_conversation("Hi"))))
    await begun.task
    assert box.desk.imports.find(box.person, begun.import_id) is begun
    with pytest.raises(NotFound):
        box.desk.imports.find(eve, begun.import_id)
    with pytest.raises(NotFound):
        box.desk.imports.find(box.person, "0" * 32)


async def test_the_file_is_closed_however_it_ends(box):
    good, bad = waiting(box, own_file(own_conversation("Hi"))), waiting(box, b"hello")
    await (await box.desk.imports.start(box.person, good)).task
    with pytest.raises(ImportRefused):
        await box.desk.imports.start(box.person, bad)
    assert good.closed and bad.closed


async def test_a_stop_of_the_box_in_the_middle_leaves_whole_conversations(box):
    large = own_file(*(own_conversation("x" * 2000, "y") for _ in range(5_000)))
    file = waiting(box, large)
    begun = await box.desk.imports.start(box.person, file)
    while not begun.report.conversations:
        await asyncio.sleep(0)
    await box.desk.imports.stop()
    assert begun.report.is_over and file.closed
    ((kept,),) = rows(box, "SELECT count(*) FROM conversations")
    assert 0 < kept < 5_000
    assert rows(box, "SELECT count(*) FROM messages") == [(2 * kept,)]


async def test_progress_is_told(box):
    large = own_file(*(own_conversation("x" * 2000) for _ in range(400)))
    begun = await box.desk.imports.start(box.person, waiting(box, large))
    seen = set()
    while not begun.task.done():
        seen.add(begun.report.percent)
        await asyncio.sleep(0)
    assert len(seen) > 3
    assert begun.report.percent == 100


async def test_a_failure_that_nobody_expected_ends_with_a_sentence(box, monkeypatch, caplog):
    def fails(text, person_id):
        raise KeyError("somebody's words")

    monkeypatch.setattr("appliance.portable.arrivals.read", fails)
    report = await bring(box, own_file(own_conversation("Hi")))
    assert "inside the box" in report.ended


async def test_a_waiting_file_has_no_name_and_leaves_room_on_the_disk(tmp_path, monkeypatch):
    file = WaitingFile(tmp_path)
    file.write(b"words")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("appliance.portable.waiting_file.KEPT_FREE_BYTES", 2**60)
    with pytest.raises(StoreFull, match="not enough room"):
        file.write(b"x" * 9 * 2**20)
    assert file.from_start().read() == b"words"
    file.file.close()


async def test_reasons_are_grouped_and_bounded(box):
    reasons = [own_conversation("Hi", title="x" * 121) for _ in range(3)]
    report = await bring(box, own_file(*reasons))
    assert list(report.skipped.values()) == [3]
    for place in range(100):
        report.skip(place, f"Reason {place}.")
    assert len(report.skipped) <= 21
    assert report.skipped.total() == 103


async def test_an_import_changes_nothing_of_what_is_here(box):
    await bring(box, own_file(own_conversation("Here", title="Here")))
    before = await exported(box)
    await bring(box, own_file(own_conversation("New", updated_at=1_800_000_000)))
    assert (await exported(box)).startswith(before.rstrip().removesuffix(b"\n]}"))

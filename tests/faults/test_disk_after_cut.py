"""What the model of a disk allows, because the proof is worth as much as the model is strict."""

import random

from torture_box.disk import Disk
from torture_box.file_after_cut import SECTOR, File, Truncation, Write
from torture_box.journal import Entry, Kind

OLD, NEW = b"o" * 4 * SECTOR, b"n" * 4 * SECTOR


def outcomes(file: File) -> set[bytes]:
    return {bytes(file.after_cut(random.Random(seed))) for seed in range(500)}


def synced(content: bytes) -> File:
    file = File()
    file.change(Write(0, content))
    file.sync()
    return file


def test_what_was_synced_is_there_and_nothing_else() -> None:
    assert outcomes(synced(OLD)) == {OLD}


def test_each_sector_of_an_unsynced_write_is_old_or_new_for_itself() -> None:
    file = synced(OLD)
    file.change(Write(0, NEW))
    found = outcomes(file)
    assert len(found) == 2**4
    for content in found:
        sectors = [content[at : at + SECTOR] for at in range(0, len(content), SECTOR)]
        assert set(sectors) <= {OLD[:SECTOR], NEW[:SECTOR]}


def test_a_later_write_may_be_there_without_an_earlier_one() -> None:
    file = synced(OLD)
    file.change(Write(0, NEW[:SECTOR]))
    file.change(Write(2 * SECTOR, NEW[:SECTOR]))
    assert OLD[: 2 * SECTOR] + NEW[:SECTOR] + OLD[:SECTOR] in outcomes(file)


def test_a_sector_that_was_written_twice_may_hold_the_first_writing() -> None:
    file = synced(OLD[:SECTOR])
    file.change(Write(0, b"1" * SECTOR))
    file.change(Write(0, b"2" * SECTOR))
    assert outcomes(file) == {letter * SECTOR for letter in (b"o", b"1", b"2")}


def test_a_file_may_have_grown_and_hold_noughts() -> None:
    file = synced(OLD[:SECTOR])
    file.change(Write(SECTOR, NEW[:SECTOR]))
    assert outcomes(file) == {
        OLD[:SECTOR],
        OLD[:SECTOR] + bytes(SECTOR),
        OLD[:SECTOR] + NEW[:SECTOR],
    }


def test_what_was_written_before_a_truncation_does_not_come_back_after_it() -> None:
    file = synced(OLD)
    file.change(Truncation(0))
    file.change(Write(0, NEW[:SECTOR]))
    assert outcomes(file) == {OLD, b"", bytes(SECTOR), NEW[:SECTOR]}


def test_a_sync_makes_all_of_it_safe() -> None:
    file = synced(OLD)
    file.change(Truncation(SECTOR))
    file.change(Write(SECTOR, NEW))
    file.sync()
    assert outcomes(file) == {OLD[:SECTOR] + NEW}


def disk_with(*entries: tuple[Kind, int, bytes]) -> Disk:
    disk = Disk()
    for kind, inode, content in entries:
        disk.take(Entry(kind, inode, 0, content))
    return disk


def names(disk: Disk) -> set[frozenset[str]]:
    return {frozenset(disk.after_cut(random.Random(seed))) for seed in range(100)}


MADE = (Kind.CREATED, 7, b"data/file")
FOLDER = (Kind.FOLDER_MADE, 6, b"data")


def test_a_synced_file_may_be_lost_with_its_unsynced_name() -> None:
    disk = disk_with((Kind.CREATED, 7, b"file"), (Kind.WROTE, 7, OLD), (Kind.SYNCED, 7, b""))
    assert names(disk) == {frozenset(), frozenset({"file"})}


def test_a_name_is_safe_when_every_folder_above_it_was_synced() -> None:
    half = disk_with(FOLDER, MADE, (Kind.FOLDER_SYNCED, 6, b"data"))
    assert names(half) == {frozenset(), frozenset({"data/file"})}
    whole = disk_with(FOLDER, (Kind.FOLDER_SYNCED, 5, b""), MADE, (Kind.FOLDER_SYNCED, 6, b"data"))
    assert names(whole) == {frozenset({"data/file"})}


def test_a_deleted_name_may_come_back_until_its_folder_is_synced() -> None:
    made = ((Kind.CREATED, 7, b"file"), (Kind.FOLDER_SYNCED, 5, b""), (Kind.UNLINKED, 0, b"file"))
    assert names(disk_with(*made)) == {frozenset(), frozenset({"file"})}
    assert names(disk_with(*made, (Kind.FOLDER_SYNCED, 5, b""))) == {frozenset()}


def test_a_recording_leads_to_what_the_process_sees_itself() -> None:
    disk = disk_with(FOLDER, MADE, (Kind.WROTE, 7, OLD), (Kind.RENAMED, 7, b"data/other"))
    disk.take(Entry(Kind.UNLINKED, 0, 0, b"data/file"))
    assert disk.as_written() == {"data/other": OLD}

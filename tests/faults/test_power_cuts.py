"""A small dose of `scripts/torture --power-cuts`: a real box, its every write, the plug pulled."""

import random
from pathlib import Path

import pytest
from torture_box.journal import Entry, Kind
from torture_box.power_cuts import CutFigures, cut_power, scratch_folder
from torture_box.recording import Recording, record

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Two starts of the box as it is, but for a WAL that is moved into the file often."""
    folder = tmp_path_factory.mktemp("recorded") / "box"
    luck = random.Random(4)
    return record(folder, luck, messages=12, synchronous="FULL", wal_pages=40)


def cut(recording: Recording, cuts: int) -> CutFigures:
    with scratch_folder() as scratch:
        return cut_power(recording, cuts, random.Random(4), scratch)


def test_a_pulled_plug_loses_nothing_that_was_promised(recording: Recording) -> None:
    figures = cut(recording, 400)
    assert (figures.lost, figures.corrupt) == (0, 0), figures.examples
    assert figures.cuts == 400
    assert figures.promises > 400


def test_a_disk_that_lies_about_its_syncs_is_caught(recording: Recording) -> None:
    figures = cut(recording.on_a_lying_disk(), 50)
    assert figures.lost + figures.corrupt > 25


def test_a_box_that_syncs_only_now_and_then_is_caught_losing_promises(tmp_path: Path) -> None:
    settings = {"messages": 6, "synchronous": "NORMAL", "wal_pages": 40, "starts": 1}
    figures = cut(record(tmp_path / "box", random.Random(4), **settings), 100)
    assert figures.lost > 0
    assert figures.corrupt == 0


def test_the_name_of_the_data_directory_is_part_of_the_promise(recording: Recording) -> None:
    def is_sync_of_what_is_above(entry: Entry) -> bool:
        return entry.kind is Kind.FOLDER_SYNCED and entry.name == ""

    entries = [each for each in recording.entries if not is_sync_of_what_is_above(each)]
    assert len(entries) < len(recording.entries)
    assert cut(Recording(entries, recording.told), 50).lost > 0

"""A small dose of `scripts/torture --power-cuts`: a real box, its every write, the plug pulled."""

import random
from pathlib import Path

import pytest
from torture_box.power_cuts import CutFigures, cut_power, scratch_folder
from torture_box.recording import record

pytestmark = pytest.mark.model


def cut(folder: Path, synchronous: str, cuts: int) -> CutFigures:
    luck = random.Random(4)
    recording = record(folder / "box", luck, messages=12, synchronous=synchronous, wal_pages=40)
    with scratch_folder() as scratch:
        return cut_power(recording, cuts, luck, scratch)


def test_a_pulled_plug_loses_nothing_that_was_promised(tmp_path: Path) -> None:
    figures = cut(tmp_path, "FULL", 400)
    assert (figures.lost, figures.corrupt) == (0, 0), figures.examples
    assert figures.cuts == 400
    assert figures.promises > 400


def test_a_box_that_syncs_only_now_and_then_is_caught_losing_promises(tmp_path: Path) -> None:
    figures = cut(tmp_path, "NORMAL", 100)
    assert figures.lost > 0
    assert figures.corrupt == 0


def test_a_box_that_never_syncs_is_caught_losing_promises(tmp_path: Path) -> None:
    figures = cut(tmp_path, "OFF", 100)
    assert figures.lost + figures.corrupt > 0

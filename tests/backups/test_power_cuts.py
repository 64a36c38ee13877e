"""The power goes at each step of a restore: what is there is the old box or the new one, whole."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from stocked_box import dump, files_of, stock

from appliance.backups import switching
from appliance.backups.pace import InHurry
from appliance.backups.restoring import staged

STEPS = ("rename", "unlink", "rmdir", "mkdir")


class PowerCut(BaseException):
    """Nothing of the program goes on."""


class Power:
    """It goes before the step of that number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        self.until: int | None = None
        for name in STEPS:
            monkeypatch.setattr(os, name, self._counting(getattr(os, name)))

    def _counting(self, real: Any) -> Any:
        def step(*arguments: Any, **named: Any) -> Any:
            if self.until is not None and self.steps >= self.until:
                raise PowerCut
            self.steps += 1
            return real(*arguments, **named)

        return step


@pytest.fixture
def boxes(whole: Path, tmp_path: Path) -> tuple[Path, Path]:
    """An old box with a restored one beside it, and a place for its trials."""
    old = stock(tmp_path / "old", "What was said since.")
    (old / "appliance.sqlite3-wal").write_bytes(b"of the old one")
    with staged(old, whole, None, InHurry()) as found:
        found.offer()
    return old, tmp_path / "trial"


def test_from_the_moment_it_is_offered_every_cut_ends_with_the_new_box(
    boxes: tuple[Path, Path], stocked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, trial = boxes
    shutil.copytree(old, trial)
    old_files = files_of(old)
    power = Power(monkeypatch)
    switching.finish(trial)
    in_all, tried = power.steps, 0
    assert in_all >= 10
    for until in range(in_all):
        monkeypatch.undo()
        shutil.rmtree(trial)
        shutil.copytree(old, trial)
        cut = Power(monkeypatch)
        cut.until = until
        with pytest.raises(PowerCut):
            switching.finish(trial)
        # A second cut, in the start after the first.
        cut.steps, cut.until = 0, 1
        try:
            switching.finish(trial)
        except PowerCut:
            tried += 1
        cut.until = None
        switching.finish(trial)
        assert dump(trial / "appliance.sqlite3") == dump_of_restored(old)
        assert not (trial / "appliance.sqlite3-wal").exists()
        (before,) = trial.glob("before-restore-*")
        assert (before / "appliance.sqlite3-wal").read_bytes() == b"of the old one"
        (before / "appliance.sqlite3-wal").unlink()
        assert dump(before / "appliance.sqlite3") == dump_of_old(old)
        assert files_of(before) == {k: v for k, v in old_files.items() if k != "page.key"}
        assert not switching.is_offered(trial)
        assert switching.finish(trial) is None
    assert tried > 5


def dump_of_restored(old: Path) -> str:
    return dump(old / switching.OFFERED / "appliance.sqlite3")


def dump_of_old(old: Path) -> str:
    copy = old.parent / "copy.sqlite3"
    shutil.copy(old / "appliance.sqlite3", copy)
    return dump(copy)


def test_every_cut_before_that_leaves_the_old_box_as_it_was(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = stock(tmp_path / "old", "What was said since.")
    before, files = dump(old / "appliance.sqlite3"), files_of(old)
    power = Power(monkeypatch)

    def unpack_all() -> None:
        with staged(old, whole, None, InHurry()):
            pass

    unpack_all()
    for until in range(power.steps):
        power.steps, power.until = 0, until
        with pytest.raises(PowerCut):
            unpack_all()
        power.until = None
        assert switching.finish(old) is None
        assert dump(old / "appliance.sqlite3") == before
        assert files_of(old) == files
    unpack_all()
    assert not (old / "backup-unfinished").exists()

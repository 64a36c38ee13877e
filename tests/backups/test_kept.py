"""Which backups stay: those of so many days and so many weeks, and the newest in any case."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.backups.kept import Kept, file_name, kept_in, surplus

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday


def kept(*days_ago: float) -> list[Kept]:
    return [Kept(Path(str(days)), NOON - timedelta(days=days), False) for days in days_ago]


def names(backups: list[Kept]) -> list[str]:
    return [str(each.path) for each in backups]


def test_a_backup_a_day_leaves_seven_days_and_four_weeks() -> None:
    gone = surplus(kept(*range(40)), daily=7, weekly=4)
    stay = [each for each in range(40) if str(each) not in names(gone)]
    assert stay == [*range(7), 7, 14, 21]


def test_of_one_day_the_last_one_stays() -> None:
    assert names(surplus(kept(0, 0.1, 0.2, 1, 1.1), daily=7, weekly=0)) == ["0.1", "0.2", "1.1"]


def test_days_without_a_backup_do_not_count() -> None:
    assert surplus(kept(0, 30, 60, 90, 120), daily=7, weekly=4) == []


def test_the_newest_stays_whatever_is_asked() -> None:
    assert names(surplus(kept(3, 1, 2), daily=0, weekly=0)) == ["2", "3"]


def test_a_clock_that_was_set_back_takes_no_newer_one_away() -> None:
    assert names(surplus(kept(-500, 0, 1), daily=1, weekly=1)) == ["0", "1"]


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "appliance-20261122-120000.zip",
        "appliance-20261322-120000.tar",
        ".unfinished-appliance-20261122-120000.tar",
        "appliance-20261122-120000.tar.part",
    ],
)
def test_what_is_no_backup_is_neither_counted_nor_deleted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    assert kept_in(tmp_path) == []


def test_a_name_tells_when_it_was_made_and_whether_it_is_locked(tmp_path: Path) -> None:
    for days, is_locked in ((0, True), (1, False)):
        (tmp_path / file_name(NOON - timedelta(days=days), is_locked)).touch()
    assert [(each.made_at, each.is_locked) for each in kept_in(tmp_path)] == [
        (NOON, True),
        (NOON - timedelta(days=1), False),
    ]


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert kept_in(tmp_path / "none") == []

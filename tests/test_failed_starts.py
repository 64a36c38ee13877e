"""Starts that come to nothing, one after the other."""

from pathlib import Path

import pytest

from appliance.failed_starts import FREE_STARTS, LONGEST_SECONDS, FailedStarts


def pauses(directory: Path | None, starts: int) -> list[int]:
    """Of so many starts that all fail."""
    found = []
    for _ in range(starts):
        start = FailedStarts(directory)
        found.append(start.pause_seconds())
        start.begin()
    return found


def test_the_first_are_at_once_and_the_others_further_and_further_apart(tmp_path: Path) -> None:
    found = pauses(tmp_path, 20)
    assert found[:FREE_STARTS] == [0] * FREE_STARTS
    assert found[FREE_STARTS : FREE_STARTS + 4] == [1, 2, 4, 8]
    assert found[-1] == LONGEST_SECONDS


def test_one_that_succeeds_begins_the_count_anew(tmp_path: Path) -> None:
    pauses(tmp_path, 9)
    FailedStarts(tmp_path).succeeded()
    assert FailedStarts(tmp_path).pause_seconds() == 0


def test_without_a_service_manager_nobody_waits() -> None:
    assert pauses(None, 20) == [0] * 20


@pytest.mark.parametrize("text", ["", "many", "-4"])
def test_a_damaged_count_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "failed-starts").write_text(text)
    assert FailedStarts(tmp_path).pause_seconds() == 0

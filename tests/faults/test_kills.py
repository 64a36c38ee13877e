"""A small dose of `scripts/torture --kills`; the whole of it is for hours."""

import random
from pathlib import Path

import pytest
from torture_box.kills import Kills

# As slow as the machine is busy: every reply that was cut off is written to its end.
pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]


def test_a_busy_box_killed_again_and_again_keeps_what_it_accepted(tmp_path: Path) -> None:
    figures = Kills(tmp_path, random.Random(4), print).run(3)
    assert figures.wrong == []
    assert figures.kills == 3
    assert figures.accepted >= 3
    assert figures.repeated >= 3

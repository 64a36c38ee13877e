"""A thousand open pages follow one reply; `scripts/torture --readers` prints what it costs."""

from pathlib import Path

import pytest
from torture_box import crowd
from torture_box.starting import start

pytestmark = pytest.mark.model

READERS = 1000


def test_a_thousand_readers_of_one_reply_all_get_the_whole_text(tmp_path: Path) -> None:
    crowd.allow_open_files(2 * READERS)
    with start(tmp_path, reply_tokens=60) as box:
        box.wait_ready()
        figures = crowd.follow_together(box, READERS)
    assert figures.whole == READERS

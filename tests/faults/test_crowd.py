"""A thousand open pages follow one reply; `scripts/torture --readers` prints what it costs."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from torture_box import crowd
from torture_box.starting import start

pytestmark = pytest.mark.model

READERS = 1000


@pytest.fixture
def few_files() -> Iterator[int]:
    """What a shell allows may be as little as this; how much may be asked for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_readers_of_one_reply_all_get_the_whole_text(
    tmp_path: Path, few_files: int
) -> None:
    if few_files < 2 * READERS:
        pytest.skip(f"a process may have only {few_files} open files here")
    with start(tmp_path, reply_tokens=60) as box:
        box.wait_ready()
        crowd.allow_open_files(2 * READERS)
        figures = crowd.follow_together(box, READERS)
    assert figures.whole == READERS

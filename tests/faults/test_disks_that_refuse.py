"""A disk that takes no more in the middle of a reply: full, made read-only, or dying.

Three times the same story: the page says so in a sentence, nothing that was accepted is lost, and
when the disk is well again the next message works, without a restart.
"""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from appliance_process import ApplianceProcess
from page_client import PageClient
from torture_box.preload import Switch, built, preloaded

pytestmark = pytest.mark.model

REPLY_TOKENS = "80"


@dataclass(frozen=True, slots=True)
class BadDisk:
    """A box on a disk that a test can spoil and mend, and how the page speaks of it."""

    box: ApplianceProcess
    spoil: Callable[[], None]
    mend: Callable[[], None]
    status: int
    sentence: str


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A real file system of 24 MB."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk has to be mounted, and that is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(ballast: Path) -> None:
    """To the last byte."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC


@pytest.fixture
def full(tmp_path: Path) -> Iterator[BadDisk]:
    with small_disk(tmp_path / "disk") as folder:
        ballast = folder / "ballast"
        with ApplianceProcess(folder / "data", APPLIANCE_LIMITS__REPLY_TOKENS=REPLY_TOKENS) as box:
            yield BadDisk(
                box,
                spoil=lambda: fill(ballast),
                mend=ballast.unlink,
                status=507,
                sentence="The disk is full and nothing was written; free some space and try again.",
            )


def failing(tmp_path: Path, why: int) -> Iterator[BadDisk]:
    switch = Switch(tmp_path / "failure")
    environment = preloaded(
        built("failing_disk", tmp_path), FAIL_ROOT=tmp_path / "data", FAIL_FILE=switch.path
    )
    with ApplianceProcess(
        tmp_path / "data", APPLIANCE_LIMITS__REPLY_TOKENS=REPLY_TOKENS, **environment
    ) as box:
        yield BadDisk(
            box,
            spoil=lambda: switch.set(why),
            mend=lambda: switch.set(0),
            status=503,
            sentence="see to the disk, then try again.",
        )


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[BadDisk]:
    yield from failing(tmp_path, errno.EROFS)


@pytest.fixture
def dying(tmp_path: Path) -> Iterator[BadDisk]:
    yield from failing(tmp_path, errno.EIO)


@pytest.fixture(params=["full", "read_only", "dying"])
def bad_disk(request: pytest.FixtureRequest) -> BadDisk:
    disk = request.getfixturevalue(request.param)
    assert isinstance(disk, BadDisk)
    disk.box.wait_ready()
    return disk


def test_a_disk_that_refuses_in_mid_reply_is_told_and_loses_nothing(bad_disk: BadDisk) -> None:
    box = bad_disk.box
    with PageClient(box.url) as page:
        first = page.say("Say hello.")
        page.read_to_end(first)
        long = page.say("Write a long story about the sea.", first.conversation_id)
        page.read_until(long, lambda text: len(text) > 100)
        bad_disk.spoil()
        refused = page.try_to_say("These words must not be half kept.")
        assert refused.status_code == bad_disk.status
        assert bad_disk.sentence in refused.text
        ending = page.read_stream(long.turn_id)
        assert bad_disk.sentence in ending
        assert "Write a long story" in page.messages(first)[2]  # what is there can be read
        bad_disk.mend()
        box.wait_for("the end of a turn was stored after all")
        page.read_to_end(page.say("And now?"))
        page.read_to_end(page.say("And here?", first.conversation_id))
    assert box.stored("PRAGMA integrity_check") == [("ok",)]
    assert box.stored("SELECT content FROM messages WHERE role = 'user' ORDER BY message_key") == [
        ("Say hello.",),
        ("Write a long story about the sea.",),
        ("And now?",),
        ("And here?",),
    ]
    assert set(box.stored("SELECT status, error FROM turns")) == {("finished", None)}
    ((reply,),) = box.stored(
        "SELECT content FROM turns JOIN messages ON message_key = reply_message_key "
        f"WHERE turn_id = '{long.turn_id}'"
    )
    assert len(reply) > 100


def test_a_box_starts_on_a_full_disk_and_what_it_holds_can_be_read(full: BadDisk) -> None:
    box = full.box.wait_ready()
    with PageClient(box.url) as page:
        turn = page.say("Write a long story about the sea.")
        page.read_until(turn, lambda text: len(text) > 100)
        full.spoil()
        box.kill()
        box.start_again()
        box.wait_ready()
        assert "Write a long story" in page.messages(turn)[0]
        assert full.sentence in page.try_to_say("Nobody can keep this now.").text
        full.mend()
        page.read_stream(turn.turn_id)
        page.read_to_end(page.say("And now?"))
    asked = box.stored("SELECT content FROM messages WHERE role = 'user' ORDER BY message_key")
    assert asked == [("Write a long story about the sea.",), ("And now?",)]

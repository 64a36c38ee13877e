"""Directories that killed processes left, and what only looks like one."""

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.hot.left_over import LOCK_NAME, SETTINGS_NAME, lock, remove_left_over
from appliance.hot.runtime_dir import RuntimeDir
from appliance.hot.server import ValkeyServer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place() -> Iterator[Path]:
    # Not pytest's own: its names can be longer than a socket's path may be.
    with tempfile.TemporaryDirectory(prefix="left-over-") as place:
        yield Path(place)


def left_over(path: Path) -> Path:
    """As a process leaves it that was killed."""
    path.mkdir(mode=0o700)
    for name in (LOCK_NAME, SETTINGS_NAME, "valkey.sock"):
        (path / name).touch(0o600)
    return path


async def test_what_a_killed_process_left_is_removed_by_the_next_start(place: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RUNTIME_DIRECTORY": str(place)}
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("starts_and_waits.py"))],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None
            pid, url = process.stdout.readline().split()
            valkey = os.pidfd_open(int(pid))
            left = Path(url.removeprefix("unix://")).parent
            assert left.parent == place
            other = ValkeyServer(runtime_parent=place)
            await other.start()
            assert left.exists(), "it is in use"
            await other.stop()
        finally:
            process.kill()
    assert select.select([valkey], [], [], 30)[0]
    os.close(valkey)
    assert left.exists()
    server = ValkeyServer(runtime_parent=place)
    await server.start()
    assert server.answers.is_set()
    assert not left.exists()
    await server.stop()
    assert list(place.iterdir()) == []


def test_one_that_is_in_use_stays(place: Path) -> None:
    used = RuntimeDir(place)
    used.write_settings(64)
    assert remove_left_over([place]) == 0
    assert used.settings.exists()
    used.remove()
    assert list(place.iterdir()) == []


def as_link(path: Path) -> None:
    path.symlink_to(left_over(path.with_name("elsewhere")))


def with_a_linked_lock(path: Path) -> None:
    (left_over(path) / LOCK_NAME).unlink()
    elsewhere = path.with_name("elsewhere")
    elsewhere.touch()
    (path / LOCK_NAME).symlink_to(elsewhere)


def of_somebody_else(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    os.chown(left_over(path), 12345, -1)


@pytest.mark.parametrize(
    "make",
    [
        as_link,
        with_a_linked_lock,
        of_somebody_else,
        Path.touch,
        Path.mkdir,
        lambda path: left_over(path).chmod(0o750),
        lambda path: (left_over(path) / LOCK_NAME).unlink(),
        lambda path: (left_over(path) / SETTINGS_NAME).unlink(),
        lambda path: left_over(path.with_name("other-name")),
    ],
)
def test_what_only_looks_like_one_stays(place: Path, make: Callable[[Path], object]) -> None:
    make(place / "appliance-abc")
    before = sorted(place.rglob("*"))
    assert remove_left_over([place]) == 0
    assert sorted(place.rglob("*")) == before


def test_a_place_that_is_not_there_is_no_obstacle(place: Path) -> None:
    left_over(place / "appliance-abc")
    assert remove_left_over([place / "nowhere", place]) == 1
    assert list(place.iterdir()) == []


def test_the_lock_goes_with_whoever_holds_it(place: Path) -> None:
    held = lock(place)
    with pytest.raises(BlockingIOError):
        lock(place)
    os.close(held)
    os.close(lock(place))

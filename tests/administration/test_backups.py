"""Backups that an admin begins: made by a child process, and what is said of them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from stocked_box import stock

from appliance.administration.backups import Backups
from appliance.backups import record
from appliance.backups.usual import Usual
from appliance.errors import Conflict


def wanted(data: Path, passphrase: str | None = None) -> Usual:
    return Usual(str(data), str(data / "backups"), passphrase, None, "tiny", 7, 4)


async def done(backups: Backups) -> None:
    assert backups._making is not None
    await backups._making


async def test_the_child_makes_one_and_it_is_told(tmp_path: Path) -> None:
    backups = Backups(wanted(stock(tmp_path / "data")))
    assert (await backups.now()).made is None
    backups.make()
    assert (await backups.now()).is_running
    with pytest.raises(Conflict, match="being made"):
        backups.make()
    await done(backups)
    now = await backups.now()
    assert now.made is not None and Path(now.made.path).is_file()
    assert (now.is_running, now.count, now.failure) == (False, 1, None)
    await backups.stop()


async def test_what_goes_wrong_is_said(tmp_path: Path) -> None:
    data = stock(tmp_path / "data")
    (data / "backups").write_text("no folder")
    backups = Backups(wanted(data))
    backups.make()
    await done(backups)
    now = await backups.now()
    assert now.failure is not None and "cannot be read or written" in now.failure.sentence


async def test_a_child_that_dies_is_noticed(tmp_path: Path) -> None:
    def dies(_: Usual) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", "raise SystemExit(9)"])

    backups = Backups(wanted(tmp_path), dies)
    backups.make()
    await done(backups)
    failure = record.read(tmp_path).failure
    assert failure is not None and failure.sentence.startswith("The backup broke off")


async def test_a_box_that_stops_gives_up_its_backup(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    assert child.stdin is not None
    with child.stdin:
        backups = Backups(wanted(tmp_path), lambda _: child)
        backups.make()
        await backups.stop()
        assert child.returncode == -signal.SIGKILL

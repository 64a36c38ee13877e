"""Two boxes that want one name at the same moment, and do not hear each other at first."""

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from two_machines import BOX_ADDRESS, PHONE_ADDRESS, Lan, Machine
from zeroconf.asyncio import AsyncZeroconf

from appliance.network.announcement import Announcer, rank
from appliance.network.doorplate import Served, announced_name_file
from appliance.network.doorplate import saying_what_is_served as serving


class Hasty(Announcer):
    """Its first question is lost, as is that of another box which asks in the same moment."""

    is_first = True

    async def _free_name(self, zeroconf: AsyncZeroconf, addresses: tuple[str, ...]) -> str:
        if self.is_first:
            self.is_first = False
            return f"{self._label}.local"
        return await super()._free_name(zeroconf, addresses)


class Announcing:
    """An announcer on one of the machines, and what it said."""

    def __init__(self, machine: Machine, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.said: Queue[str] = Queue()
        self._on = Machine(machine.name)
        self._stop: Any = None
        self._is_up = threading.Event()
        self._end: Future[None] = self._on._executor.submit(asyncio.run, self._run())

    async def _run(self) -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        self._stop = lambda: loop.call_soon_threadsafe(stop.set)
        self._is_up.set()
        await Hasty(self.data_dir, "box", self.said.put).run(stop)

    def wait_for(self, words: str) -> str:
        while words not in (said := self.said.get(timeout=60)):
            pass
        return said

    def end(self) -> None:
        assert self._is_up.wait(30)
        self._stop()
        self._end.result(timeout=60)
        self._on.close()

    @property
    def name(self) -> str:
        return announced_name_file(self.data_dir).read_text().strip()


# zeroconf leaves a socket to the collector where an address of IPv6 cannot be bound to yet.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_two_that_announce_one_name_at_once_come_to_have_one_each(lan: Lan, tmp_path: Path) -> None:
    folders = tmp_path / "lower", tmp_path / "higher"
    for folder in folders:
        folder.mkdir()
    with serving(folders[0], Served(8080)), serving(folders[1], Served(8080)):
        lower, higher = Announcing(lan.box, folders[0]), Announcing(lan.phone, folders[1])
        try:
            for each in (lower, higher):
                each.wait_for("http://box.local:8080")
            lower.wait_for(f"box.local is taken by {PHONE_ADDRESS}, too.")
            lower.wait_for("http://box-2.local:8080")
            assert (lower.name, higher.name) == ("box-2.local", "box.local")
        finally:
            lower.end()
            higher.end()


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ({BOX_ADDRESS}, {PHONE_ADDRESS}),
        ({"fd00::9", "10.0.0.2"}, {"10.0.0.10"}),
        ({"fd00::1"}, {"fd00::2"}),
        ({"ffff::1"}, {"10.0.0.1"}),
        (set(), {"10.0.0.1"}),
    ],
)
def test_of_two_one_has_the_higher_address(lower: set[str], higher: set[str]) -> None:
    assert rank(lower) < rank(higher)

"""A Valkey that systemd runs beside the box: found, believed and used."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from fakes import ScriptedBackend

from appliance.hot.connection import Hot
from appliance.hot.service import url_of_service
from appliance.lifespan import open_box
from appliance.settings import Settings


@pytest.fixture
def socket_of_service(tmp_path: Path) -> Iterator[Path]:
    """What the unit runs, in a directory as the unit makes it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance", "valkey"],
        env={**os.environ, "RUNTIME_DIRECTORY": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert any("Ready to accept connections" in line for line in process.stdout)
        # The very process that was started, for systemd watches that one.
        assert Path(f"/proc/{process.pid}/comm").read_text().startswith("valkey-server")
        yield tmp_path / "valkey.sock"
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


async def test_it_is_found_and_answers(socket_of_service: Path) -> None:
    url = await url_of_service(socket_of_service)
    assert url is not None
    hot = Hot(url, timeout_seconds=10)
    assert await hot.call(lambda client: client.set("appliance:a", "b"))
    await hot.close()


async def test_the_box_starts_none_of_its_own_beside_it(
    socket_of_service: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = partial(url_of_service, socket_of_service)
    monkeypatch.setattr("appliance.lifespan.url_of_service", found)
    async with open_box(Settings(data_dir=tmp_path / "data"), ScriptedBackend) as box:
        assert box.valkey is None


async def test_where_there_is_none_nothing_is_found(tmp_path: Path) -> None:
    assert await url_of_service(tmp_path / "valkey.sock") is None
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "valkey.sock"))
    assert await url_of_service(tmp_path / "valkey.sock") is None


async def test_one_of_somebody_else_is_not_believed(
    socket_of_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    assert await url_of_service(socket_of_service) is None


def test_by_hand_it_says_what_it_is_for() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "valkey"],
        env={key: value for key, value in os.environ.items() if key != "RUNTIME_DIRECTORY"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 78
    assert "This is for systemd to run" in done.stderr

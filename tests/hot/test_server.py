import asyncio
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.hot import binary
from appliance.hot.server import ValkeyServer

ROOT = Path(__file__).parents[2]


async def test_a_started_server_answers_and_a_stopped_one_leaves_nothing():
    server = ValkeyServer()
    assert server.url is None
    await server.start()
    assert server.answers.is_set()
    pid, socket = server.pid, Path(server.url.removeprefix("unix://"))
    assert socket.is_socket()
    await server.stop()
    assert not socket.parent.exists()
    assert server.url is None and server.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await server.stop()  # Twice is harmless.


async def test_only_the_owner_reaches_the_socket(server):
    socket = Path(server.url.removeprefix("unix://"))
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert len(os.fsencode(socket)) <= 107


async def test_the_server_has_no_tcp_port(server):
    sockets = set()
    for descriptor in Path(f"/proc/{server.pid}/fd").iterdir():
        target = os.readlink(descriptor)
        if target.startswith("socket:["):
            sockets.add(target.removeprefix("socket:[").removesuffix("]"))
    assert sockets
    for table in ("tcp", "tcp6", "udp", "udp6"):
        lines = Path(f"/proc/{server.pid}/net/{table}").read_text().splitlines()[1:]
        assert not sockets & {line.split()[9] for line in lines}, table


async def test_nothing_is_ever_written_to_disk_and_memory_is_bounded(server, administrator):
    wanted = {
        "port": "0",
        "save": "",
        "appendonly": "no",
        "maxmemory": str(64 * 1024 * 1024),
        "maxmemory-policy": "allkeys-lru",
        "crash-log-enabled": "no",
    }
    async with administrator() as client:
        for name, value in wanted.items():
            assert await client.config_get(name) == {name: value}, name


async def test_a_killed_server_is_started_again_under_the_same_address(server):
    url = server.url
    for _ in range(2):
        killed = server.pid
        server.answers.clear()
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(30):
            await server.answers.wait()
        assert server.pid != killed
    assert server.url == url


async def test_the_server_dies_with_its_parent():
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("starts_and_waits.py"))],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as parent:
        try:
            pid, url = parent.stdout.readline().split()
            server = os.pidfd_open(int(pid))
        finally:
            parent.kill()
    assert select.select([server], [], [], 30)[0], "the server outlived its parent"
    os.close(server)
    shutil.rmtree(Path(url.removeprefix("unix://")).parent)


async def test_a_server_is_not_started_for_a_parent_that_is_gone(tmp_path):
    proof = tmp_path / "started"
    launcher = ROOT / "appliance" / "hot" / "die_with_parent.py"
    nobody = 2**22 + 1  # Above the highest pid there can be.
    command = [sys.executable, "-I", "-S", str(launcher), str(nobody), "/usr/bin/touch", str(proof)]
    subprocess.run(command, check=True)
    assert not proof.exists()


async def test_without_a_binary_the_box_runs_without_valkey(monkeypatch):
    monkeypatch.setattr("appliance.hot.server.find_binary", lambda wanted: None)
    server = ValkeyServer()
    await server.start()
    assert server.url is None
    await server.stop()


async def test_a_binary_that_does_not_start_fails_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("appliance.hot.server.START_SECONDS", 0.2)
    broken = tmp_path / "valkey-server"
    broken.write_text("#!/bin/sh\necho '1:M 01 Jan 2026 00:00:00.000 # out of order'\nexit 3\n")
    broken.chmod(0o700)
    server = ValkeyServer(binary=broken)
    await server.start()
    assert not server.answers.is_set()
    await server.stop()


async def test_a_binary_without_its_mode_bit_is_run_as_a_private_copy(tmp_path):
    packaged = binary.packaged_binary()
    unrunnable = tmp_path / "valkey-server"
    shutil.copyfile(packaged, unrunnable)
    unrunnable.chmod(0o600)
    server = ValkeyServer(binary=unrunnable)
    await server.start()
    assert server.answers.is_set()
    await server.stop()


async def test_a_path_too_long_for_a_socket_is_left_for_a_shorter_one(tmp_path):
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    server = ValkeyServer(runtime_parent=deep)
    await server.start()
    assert server.answers.is_set()
    assert not server.url.startswith(f"unix://{deep}")
    assert list(deep.iterdir()) == []
    await server.stop()


async def test_a_directory_with_a_strange_name_serves_too(tmp_path):
    strange = tmp_path / 'my "box" 100%'
    strange.mkdir()
    server = ValkeyServer(runtime_parent=strange)
    await server.start()
    assert server.answers.is_set()
    await server.stop()


async def test_no_place_for_a_directory_fails_nothing(monkeypatch):
    def refuse(parent):
        raise PermissionError("read-only")

    monkeypatch.setattr("appliance.hot.server.RuntimeDir", refuse)
    server = ValkeyServer()
    await server.start()
    assert server.url is None
    await server.stop()

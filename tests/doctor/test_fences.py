"""What leaves the box, or tries to."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from planted_box import ESTABLISHED, LISTEN, Planted, line

from appliance.doctor import fences
from appliance.doctor.finding import State

LISTENS = line("00000000:1F90", "00000000:0000", LISTEN, 7)
CAME_IN = line("0501A8C0:1F90", "0901A8C0:D431", ESTABLISHED, 8)
VALKEY = line("0100007F:D432", "0100007F:18EB", ESTABLISHED, 9)
LEAVES = line("0501A8C0:D433", "08080808:01BB", ESTABLISHED, 10)
OF_OTHERS = line("0501A8C0:D433", "08080808:01BB", ESTABLISHED, 11)


def test_whoever_came_in_is_no_way_out(tmp_path: Path) -> None:
    box = Planted(tmp_path)
    box.sockets(box.process / "net", LISTENS, CAME_IN, VALKEY, OF_OTHERS)
    box.opens(7, 8, 9)
    assert fences.outbound(box.patient(runs=True)).state is State.FINE
    assert fences.outbound(box.patient(runs=True, must_be_offline=True)).state is State.WARNING


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_connection_that_leads_out_is_wrong(tmp_path: Path, kind: str) -> None:
    box = Planted(tmp_path)
    box.sockets(box.process / "net", LISTENS)
    box.sockets(box.process / "net", LEAVES, kind=kind)
    box.opens(7, 10)
    found = fences.outbound(box.patient(runs=True))
    assert found.state is State.WRONG and "8.8.8.8 port 443" in found.says


def test_the_machine_of_engine_url_is_no_secret_way(tmp_path: Path) -> None:
    box = Planted(tmp_path, engine={"url": "https://bigbox/v1"})
    box.sockets(box.process / "net", LEAVES)
    box.opens(10)
    assert fences.outbound(box.patient(runs=True)).state is State.FINE
    other = Planted(tmp_path / "b", engine={"url": "http://bigbox:8000/v1"})
    other.sockets(other.process / "net", LEAVES)
    other.opens(10)
    assert fences.outbound(other.patient(runs=True)).state is State.WRONG


def test_without_a_network_the_kernel_counts_who_tries(tmp_path: Path) -> None:
    box = Planted(tmp_path)
    box.interfaces("lo")
    found = fences.outbound(box.patient(runs=True, must_be_offline=True))
    assert found.state is State.FINE and "no attempt was blocked" in found.says
    box.blocked(3)
    found = fences.outbound(box.patient(runs=True))
    assert found.state is State.WARNING and "3 attempts" in found.says


@pytest.mark.lan
def test_a_real_attempt_in_a_real_namespace_is_counted() -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root may make a network namespace")
    program = """
import socket, sys
from pathlib import Path
from appliance.doctor.fences import _is_closed, blocked_attempts
net = Path("/proc/self/net")
before = blocked_attempts(net)
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    try:
        socket.socket(socket.AF_INET, kind).connect(("192.0.2.1", 80))
    except OSError:
        pass
print(_is_closed(net), blocked_attempts(net) - before)
"""
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.split() == ["True", "2"]


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("→ Overall exposure level for appliance.service: 0.2 SAFE", State.FINE),
        ("→ Overall exposure level for appliance.service: 9.6 UNSAFE", State.WARNING),
        ("Unit appliance.service not found.", State.UNKNOWN),
    ],
)
def test_what_systemd_thinks_of_the_unit(words: str, state: State) -> None:
    assert fences.exposure(words).state is state

"""A wrong thing is planted for each check: it is found, and what to do is said."""

import socket
from pathlib import Path

import pytest
from planted_box import ESTABLISHED, LISTEN, PID, Planted, line

from appliance.doctor import reachable
from appliance.doctor.finding import State
from appliance.network.doorplate import Served, say_announced_name, saying_what_is_served

HERE, EVERYWHERE = "0100007F:1F90", "00000000:1F90"
NOBODY = "00000000:0000"


def test_a_box_for_this_machine_alone_says_how_to_open_it(tmp_path: Path) -> None:
    box = Planted(tmp_path)
    box.sockets(box.process / "net", line(HERE, NOBODY, LISTEN, 7))
    box.opens(7)
    found = reachable.listening(box.patient(runs=True))
    assert found.state is State.FINE and "only this machine" in found.says
    assert "--lan" in found.to_do


def test_the_classic(tmp_path: Path) -> None:
    """The settings say LAN by now, and the process still listens on 127.0.0.1."""
    box = Planted(tmp_path, server={"host": "::"})
    box.sockets(box.process / "net", line(HERE, NOBODY, LISTEN, 7))
    box.opens(7)
    found = reachable.listening(box.patient(runs=True))
    assert found.state is State.WRONG and "restart it" in found.to_do


def test_a_socket_that_systemd_handed_over_is_found_in_the_namespace_outside(
    tmp_path: Path,
) -> None:
    box = Planted(tmp_path)
    box.sockets(box.proc / "self" / "net", line(EVERYWHERE, NOBODY, LISTEN, 9))
    box.opens(9)
    found = reachable.listening(box.patient(runs=True))
    assert found.state is State.FINE and "other machines, too" in found.says


def test_a_box_that_listens_nowhere_is_wrong(tmp_path: Path) -> None:
    box = Planted(tmp_path)
    box.sockets(box.process / "net", line(HERE, "0500A8C0:D431", ESTABLISHED, 7))
    box.opens(7)
    assert reachable.listening(box.patient(runs=True)).state is State.WRONG
    assert reachable.port(box.patient(runs=True)).state is State.WRONG


def test_a_port_of_somebody_else_is_named_with_its_program(tmp_path: Path) -> None:
    box = Planted(tmp_path)
    box.sockets(box.proc / "self" / "net", line(EVERYWHERE, NOBODY, LISTEN, 7))
    box.opens(7)
    (box.process / "comm").write_text("nginx\n")
    found = reachable.port(box.patient())
    assert found.state is State.WRONG
    assert f"(nginx, process {PID}) listens on port 8080" in found.says
    assert "--port 8081" in found.to_do
    box.sockets(box.proc / "self" / "net")
    assert reachable.port(box.patient()).state is State.FINE


def test_a_box_that_listens_and_says_nothing_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reachable, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        number = deaf.getsockname()[1]
        box = Planted(tmp_path)
        box.sockets(box.process / "net", line(f"0100007F:{number:04X}", NOBODY, LISTEN, 7))
        box.opens(7)
        found = reachable.port(box.patient(runs=True))
    assert found.state is State.WRONG and "does not answer" in found.says


def test_a_name_that_nobody_announces_or_that_leads_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Planted(tmp_path)
    assert reachable.name(box.patient()).state is State.UNKNOWN
    with saying_what_is_served(box.data, Served(8080)):
        found = reachable.name(box.patient())
        assert found.state is State.WARNING and "appliance announce" in found.to_do
        say_announced_name(box.data, "box.local")
        leads_to = [(None, None, None, None, ("192.0.2.7", 0))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: leads_to)
        found = reachable.name(box.patient())
        assert found.state is State.WRONG and "192.0.2.7" in found.says
        leads_to[0] = (None, None, None, None, ("127.0.1.1", 0))
        assert reachable.name(box.patient()).state is State.FINE


def test_a_firewall_without_a_rule_for_the_port(tmp_path: Path) -> None:
    box = Planted(tmp_path, server={"host": "::"})
    (box.etc / "ufw").mkdir()
    (box.etc / "ufw" / "ufw.conf").write_text("ENABLED=yes\n")
    (box.etc / "ufw" / "user.rules").write_text("-A ufw-user-input -p tcp --dport 22 -j ACCEPT\n")
    found = reachable.firewall(box.patient())
    assert (found.state, found.to_do) == (State.WRONG, "sudo ufw allow 8080/tcp")
    (box.etc / "ufw" / "user.rules").write_text("-A ufw-user-input -p tcp --dport 8080 -j ACCEPT")
    assert reachable.firewall(box.patient()).state is State.FINE

"""Under which names the box answers."""

from pathlib import Path

import pytest

from appliance.network.box_names import LOOK_SECONDS, BoxNames, is_local_name, label_of
from appliance.network.doorplate import say_announced_name

LAN = "192.168.1.5"


def names(data_dir: Path, *configured: str, host_name: str = "Box.fritz.home") -> BoxNames:
    return BoxNames(configured, data_dir, host_name)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "[::1]"),
        *("box", "box:8080", "box.fritz.home", "BOX.Fritz.Home:8080", "box.local:8080"),
        *(LAN, f"{LAN}:8080", "chat.lan"),
    ],
)
def test_it_answers_to_its_own_names(tmp_path: Path, host: str) -> None:
    assert names(tmp_path, "chat.lan").allow(host, LAN, [8080])


@pytest.mark.parametrize(
    "host",
    [
        *(
            "",
            ":8080",
            "evil.com",
            "box.local.evil.com",
            "xbox.local",
            "box.local:1",
            "localhost:1",
        ),
        *("192.168.1.6", "0.0.0.0:8080", "127.1:8080", "2130706433", "[::2]", "::1", "box.local."),
        *("box.local:8080:8080", "box.local@evil.com", "box local", "box.local/", "[box.local]"),
        *("1.2.3.4.nip.io", "box.local:99999999", "chat.lan", "böx.local"),
    ],
)
def test_it_answers_to_no_other(tmp_path: Path, host: str) -> None:
    assert not names(tmp_path).allow(host, LAN, [8080])


def test_an_address_is_its_own_where_the_connection_came_to_it(tmp_path: Path) -> None:
    box = names(tmp_path)
    assert box.allow("10.0.0.2:8080", "10.0.0.2", [8080])
    assert box.allow("[fd00::2]:8080", "fd00:0::2", [8080])
    assert box.allow("10.0.0.2:8080", "::ffff:10.0.0.2", [8080])
    assert not box.allow("10.0.0.2:8080", "10.0.0.3", [8080])


def test_a_forwarded_address_may_be_set(tmp_path: Path) -> None:
    assert names(tmp_path, "203.0.113.4").allow("203.0.113.4:8080", "172.17.0.2", [8080])


def test_behind_a_proxy_the_port_is_the_proxy_s_affair(tmp_path: Path) -> None:
    assert names(tmp_path).allow("box.local:8443", LAN, [])


def test_the_announced_name_is_taken_up_while_it_runs(tmp_path: Path) -> None:
    now = 0.0
    box = BoxNames([], tmp_path, "box", clock=lambda: now)
    assert box.on_lan == "box.local"
    say_announced_name(tmp_path, "box-2.local")
    assert box.on_lan == "box.local"  # it is not looked up for every request
    now = LOOK_SECONDS
    assert box.on_lan == "box-2.local"
    assert box.allow("box-2.local:80", LAN, [80])


@pytest.mark.parametrize(
    "written", ["evil.com", "", "\0", "a.b.local", "*.local", "x" * 80 + ".local"]
)
def test_a_damaged_file_names_nothing(tmp_path: Path, written: str) -> None:
    (tmp_path / "announced-name").write_text(written)
    box = names(tmp_path)
    assert box.on_lan == "box.local"
    assert not box.allow("evil.com", LAN, [])


def test_a_name_that_was_set_is_told_to_people(tmp_path: Path) -> None:
    assert names(tmp_path, "10.0.0.9", "box", "chat.lan").on_lan == "chat.lan"


@pytest.mark.parametrize(
    ("host_name", "label"),
    [
        ("box", "box"),
        ("Box.fritz.home", "box"),
        ("my_box!", "my-box"),
        ("localhost", "appliance"),
        ("", "appliance"),
        ("상자", "appliance"),
    ],
)
def test_every_machine_has_a_name_that_can_be_announced(host_name: str, label: str) -> None:
    assert label_of(host_name) == label
    assert is_local_name(f"{label}.local")

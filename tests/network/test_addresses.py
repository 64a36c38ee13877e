"""Who is near, and what this machine's addresses are."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from appliance.network.addresses import may_connect, own_addresses, parsed

HERE = "192.168.1.5"

FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.1
              /32 host LOCAL
     +-- 192.168.1.0/24 2 0 2
        |-- 192.168.1.0
           /24 link UNICAST
        |-- 192.168.1.5
           /32 host LOCAL
        |-- 192.168.1.255
           /32 link BROADCAST
Local:
        |-- 192.168.1.5
           /32 host LOCAL
"""
IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fd000000000000000000000000000002 04 40 00 82     eth0
fe8000000000000000fc00fffe000001 04 40 20 80     eth0
"""


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("10.1.2.3", "10.0.0.1"),
        ("172.16.0.9", HERE),
        ("192.168.1.77", HERE),
        ("169.254.7.7", "169.254.1.1"),
        ("::ffff:192.168.1.77", "::ffff:192.168.1.5"),
        ("fd00::9", "fd00::2"),
        ("fe80::9%eth0", "fe80::2%eth0"),
        # A house's own public prefix.
        ("2001:db8:1:2::9", "2001:db8:1:2::2"),
    ],
)
def test_who_is_in_the_house_may_connect(peer: str, local: str) -> None:
    assert may_connect(peer, local)


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        ("203.0.113.9", HERE),
        ("172.32.0.1", HERE),
        ("100.64.0.1", HERE),
        ("::ffff:203.0.113.9", "::ffff:192.168.1.5"),
        ("2001:db8:1:3::9", "2001:db8:1:2::2"),
        ("2001:db8:1:2::9", HERE),
        ("", HERE),
        ("nobody", HERE),
    ],
)
def test_who_is_elsewhere_may_not(peer: str, local: str) -> None:
    assert not may_connect(peer, local)


def test_a_network_that_was_named_may_too() -> None:
    assert may_connect("100.64.0.1", HERE, [ip_network("100.64.0.0/10")])
    assert not may_connect("203.0.113.9", HERE, [ip_network("100.64.0.0/10")])


def test_own_addresses_are_read_without_a_question_to_anybody(tmp_path: Path) -> None:
    (tmp_path / "fib_trie").write_text(FIB_TRIE)
    (tmp_path / "if_inet6").write_text(IF_INET6)
    assert own_addresses(tmp_path) == ("192.168.1.5", "fd00::2")


def test_where_nothing_can_be_read_there_are_none(tmp_path: Path) -> None:
    assert own_addresses(tmp_path) == ()


def test_one_address_has_one_spelling() -> None:
    assert parsed("::ffff:10.0.0.1") == parsed("10.0.0.1")
    assert parsed("fe80::1%eth0") == parsed("fe80:0::1")
    assert parsed("127.1") is None
    assert parsed("2130706433") is None

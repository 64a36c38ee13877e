"""Addresses: which are near enough to talk to, and which are this machine's own."""

import re
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
NEAR: tuple[Network, ...] = (
    *LOOPBACK,
    *map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")),
    *map(ip_network, ("fc00::/7", "fe80::/10")),
)
"""Loopback, private and link-local: nobody outside a house has one of these."""

_OWN_V4 = re.compile(r"\|-- ([\d.]+)\n\s+/32 host LOCAL")


def parsed(text: str) -> Address | None:
    """The address that is written there, or None.

    A link-local one without its zone, and IPv4 that a socket for both shows as IPv6 as IPv4.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def is_among(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether one of the networks holds it."""
    return address is not None and any(address in network for network in networks)


def may_connect(peer: str, local: str, public: Iterable[Network] = ()) -> bool:
    """Whether a connection from `peer`, made to our address `local`, comes from near enough.

    `public` names networks beyond the LAN that were allowed by hand.
    """
    there, here = parsed(peer), parsed(local)
    return is_among(there, NEAR) or is_among(there, public) or _are_neighbours(there, here)


def _are_neighbours(there: Address | None, here: Address | None) -> bool:
    """Houses have public IPv6 addresses, too; a neighbour's begins as the box's own does."""
    if not isinstance(there, IPv6Address) or not isinstance(here, IPv6Address):
        return False
    return int(there) >> 64 == int(here) >> 64


def own_addresses(net: Path = Path("/proc/self/net")) -> tuple[str, ...]:
    """This machine's addresses that others can reach, IPv4 first.

    Read and not asked for: a process that is fenced in may open no socket to ask with.
    """
    found: list[Address] = []
    with suppress(OSError):
        found += [IPv4Address(each) for each in _OWN_V4.findall((net / "fib_trie").read_text())]
    with suppress(OSError):
        lines = (net / "if_inet6").read_text().splitlines()
        found += [IPv6Address(int(line.split()[0], 16)) for line in lines]
    reachable = (each for each in found if not each.is_loopback and not each.is_link_local)
    return tuple(dict.fromkeys(map(str, reachable)))

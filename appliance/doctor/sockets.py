"""What the kernel says of sockets, in /proc/PID/net."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from appliance.network.addresses import Address

LISTENING = 10
KINDS = ("tcp", "tcp6", "udp", "udp6")


@dataclass(frozen=True, slots=True)
class Socket:
    """One line of the kernel's tables; `state` is its number for one of TCP's."""

    kind: str
    local: Address
    port: int
    remote: Address
    remote_port: int
    state: int
    inode: int

    @property
    def listens(self) -> bool:
        return self.kind.startswith("tcp") and self.state == LISTENING


def sockets(net: Path) -> list[Socket]:
    """All of this namespace. Raises OSError."""
    found = []
    for kind in KINDS:
        try:
            lines = (net / kind).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue  # a kernel without IPv6
        found += [_socket(kind, line.split()) for line in lines]
    return found


def _socket(kind: str, words: list[str]) -> Socket:
    local, port = _address(words[1])
    remote, remote_port = _address(words[2])
    return Socket(kind, local, port, remote, remote_port, int(words[3], 16), int(words[9]))


def _address(text: str) -> tuple[Address, int]:
    """`0100007F:1F90`: words of four bytes, each in the order of this machine."""
    number, _, port = text.partition(":")
    raw = bytes.fromhex(number)
    ordered = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    address: Address = IPv4Address(ordered) if len(ordered) == 4 else IPv6Address(ordered)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return address, int(port, 16)

"""What the service manager is told: systemd's notification protocol, a line of text in a datagram.

Only the process that systemd started is heard, and only it speaks: children do not inherit the way.
"""

import os
import socket
from contextlib import suppress
from time import CLOCK_MONOTONIC, clock_gettime_ns
from typing import Self


class ServiceManager:
    """Told nothing where there is none, as when a person starts the box by hand."""

    def __init__(self, address: str = "", watchdog_seconds: float | None = None) -> None:
        self.watchdog_seconds = watchdog_seconds
        """It wants a sign of life at least so often; None when it does not wait for any."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None

    @classmethod
    def of_this_process(cls) -> Self:
        """As the environment says, and nobody is told again."""
        address = os.environ.pop("NOTIFY_SOCKET", "")
        microseconds = os.environ.pop("WATCHDOG_USEC", "")
        meant_for = os.environ.pop("WATCHDOG_PID", str(os.getpid()))
        if not address.startswith(("/", "@")):
            address = ""  # a virtual machine's manager, which is not for programs inside
        is_watched = microseconds.isdigit() and int(microseconds) and meant_for == str(os.getpid())
        return cls(address, int(microseconds) / 1e6 if is_watched else None)

    @property
    def is_there(self) -> bool:
        return self._socket is not None

    def tell(self, **fields: str | int) -> None:
        """Such as READY=1. One that does not listen is no reason not to serve."""
        if self._socket is not None:
            lines = "\n".join(f"{name}={_one_line(value)}" for name, value in fields.items())
            with suppress(OSError):
                self._socket.sendto(lines.encode(), self._address)

    def tell_reloading(self) -> None:
        """From here to the next READY. systemd wants to know when it began."""
        self.tell(RELOADING=1, MONOTONIC_USEC=clock_gettime_ns(CLOCK_MONOTONIC) // 1000)


def _one_line(value: str | int) -> str:
    return " ".join(str(value).split())

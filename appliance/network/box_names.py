"""The names under which browsers may reach this box.

Another site's name may be made to lead here (DNS rebinding), and its page would then be of the same
origin as ours. So only names that are known to be the box's own are answered. A number is no name
that anybody could rebind; it has to be the one that the connection came to, all the same.
"""

import re
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from appliance.network.addresses import parsed
from appliance.network.doorplate import announced_name_file

LOOK_SECONDS = 2.0
"""How often the announced name is looked up at most; it changes when two boxes want the same."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


class BoxNames:
    """Asked for each request."""

    def __init__(
        self,
        configured: Sequence[str],
        data_dir: Path,
        host_name: str | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._configured = tuple(configured)
        self._file = announced_name_file(data_dir)
        machine = (host_name or socket.gethostname()).lower().rstrip(".")
        self._to_announce = f"{label_of(machine)}.local"
        # As it calls itself, and as a router may know it.
        self._machine = (machine, machine.partition(".")[0], self._to_announce)
        self._clock = clock
        self._announced = ""
        self._looked_at: float | None = None

    @property
    def on_lan(self) -> str:
        """The name to tell people: the announced one, else one that was set, else this machine's
        with `.local`, which is what it would be announced as.
        """
        dotted = (name for name in self._configured if "." in name and parsed(name) is None)
        return self._announced_name() or next(dotted, "") or self._to_announce

    def all(self) -> tuple[str, ...]:
        """Every name, numbers among them where they were set by hand."""
        announced = self._announced_name()
        names = (
            "localhost",
            *self._configured,
            *self._machine,
            *([announced] if announced else ()),
        )
        return tuple(dict.fromkeys(names))

    def allow(self, host: str, local: str, ports: Sequence[int]) -> bool:
        """Whether a request with this Host header, on a connection to our address `local`, is for
        the box. `ports` are those it may name; none means that any will do.
        """
        name, port = split_host(host)
        if port is not None and ports and port not in ports:
            return False
        address = parsed(name)
        if address is None:
            return name in self.all()
        return address.is_loopback or address == parsed(local) or str(address) in self._configured

    def _announced_name(self) -> str:
        now = self._clock()
        if self._looked_at is None or now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            try:
                name = self._file.read_text(errors="replace").strip()
            except OSError:
                name = ""
            # Whoever may write into the data directory may do worse; but a damaged file may not.
            self._announced = name if is_local_name(name) else ""
        return self._announced


def split_host(host: str) -> tuple[str, int | None]:
    """Name and port of a Host header; no name for what is none."""
    parts = _HOST.fullmatch(host.lower())
    if parts is None:
        return "", None
    return parts[1].strip("[]"), int(parts[2]) if parts[2] else None


def is_local_name(name: str) -> bool:
    """Whether it is a name as zeroconf gives them: `box.local`."""
    label, _, rest = name.partition(".")
    return rest == "local" and _LABEL.fullmatch(label) is not None


def label_of(host_name: str) -> str:
    """The first part of a machine's name, as far as it can be a part of a host name."""
    label = re.sub(r"[^a-z0-9-]+", "-", host_name.lower().partition(".")[0]).strip("-")[:63]
    return label if label and label != "localhost" else "appliance"

"""The socket on which the box listens, made by us so that a refusal is a sentence."""

import os
import socket

from appliance.errors import SettingsError
from appliance.network.addresses import LOOPBACK, is_among, parsed
from appliance.settings_sections import ServerSettings
from appliance.stalled_readers import cut_stalled_readers

EVERYWHERE = "::"
"""All addresses of the machine, IPv4 too."""
_FIRST_HANDED = 3


def listen(host: str, port: int) -> socket.socket:
    """The socket that systemd hands us, or one of our own; port 0 takes any free one.

    Raises SettingsError when the port or the address is not to be had.
    """
    if (handed := _handed_over()) is not None:
        cut_stalled_readers(handed)
        return handed
    try:
        listener = _listener_for(host)
    except OSError:  # a kernel without IPv6
        listener = _listener_for(host := "0.0.0.0")
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    cut_stalled_readers(listener)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Port {port} on {host} cannot be used: {os.strerror(error.errno or 0)}. Stop what "
            "uses it, or choose another one with --port."
        ) from error
    return listener


def is_for_others(host: str) -> bool:
    """Whether other machines can reach what listens there."""
    return host != "localhost" and not is_among(parsed(host), LOOPBACK)


def allowed_ports(settings: ServerSettings, port: int) -> tuple[int, ...]:
    """Those that a Host header may name; any behind a proxy, for it is the proxy's own then."""
    return () if settings.proxies else (port,)


def _handed_over() -> socket.socket | None:
    """systemd's socket unit: one listening socket, as file 3, for this very process."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        return None
    # Children must not take it for theirs.
    del os.environ["LISTEN_PID"], os.environ["LISTEN_FDS"]
    handed = socket.socket(fileno=_FIRST_HANDED)
    handed.set_inheritable(False)
    return handed


def _listener_for(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != EVERYWHERE))
    return listener

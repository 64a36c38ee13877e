"""With a certificate, other machines are served over TLS: what they ask in plain is sent on.

In plain stay: this machine itself, for health checks and the command line; and the page that
explains how a device comes to trust the certificate, for it could not be read otherwise.
"""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from appliance.network.addresses import LOOPBACK, is_among, parsed
from appliance.network.box_names import BoxNames, split_host
from appliance.network.certificates import Certificates

_PLAIN_TOO = ("/trust", "/static/")


class HttpsOnly:
    """The application behind it is asked only what may be asked as it came."""

    def __init__(
        self, app: ASGIApp, names: BoxNames, certificates: Certificates, ports: tuple[int, ...]
    ) -> None:
        self._app = app
        self._names = names
        self._certificates = certificates
        self._ports = ports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = self._place_over_tls(scope) if scope["type"] == ScopeType.HTTP else None
        if place is None:
            await self._app(scope, receive, send)
            return
        headers = [
            (b"location", place.encode("latin-1")),
            # A browser must not remember it beyond the day on which TLS is turned off.
            (b"cache-control", b"no-store"),
            (b"content-length", b"0"),
        ]
        await send({"type": "http.response.start", "status": 308, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _place_over_tls(self, scope: Scope) -> str | None:
        """Where to send this request; None when it may be answered."""
        if scope["scheme"] == "https" or not self._certificates.is_on:
            return None
        client, server = scope.get("client"), scope.get("server")
        if client is None or is_among(parsed(client[0]), LOOPBACK):
            return None
        if scope["path"].startswith(_PLAIN_TOO):
            return None
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode(
            "latin-1"
        )
        if not self._names.allow(host, server[0] if server else "", self._ports):
            return None  # the application says what is wrong with it
        return self._certified(host) + _target(scope)

    def _certified(self, host: str) -> str:
        """A name without a dot is in no certificate; the box's name on the LAN is."""
        name, port = split_host(host)
        if "." not in name and parsed(name) is None:
            host = self._names.on_lan + (f":{port}" if port else "")
        return f"https://{host}"


def _target(scope: Scope) -> str:
    path = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string", b"")
    return (path + (b"?" + query if query else b"")).decode("latin-1")

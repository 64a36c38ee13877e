"""What every answer says to browsers: nothing from elsewhere, nothing inline, nothing told on."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from appliance.network.addresses import parsed
from appliance.network.box_names import split_host

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
}


async def add_security_headers(message: Message, scope: Scope) -> None:
    """A hook before each send, because answers to unknown paths pass no middleware."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers[name] = value
        if not scope["path"].startswith("/static/"):
            # A browser's cache keeps no one's words, and Back shows the present.
            headers["Cache-Control"] = "no-store"
        if scope.get("scheme") == "https":
            _keep_to_tls(headers, scope)


def _keep_to_tls(headers: MutableScopeHeaders, scope: Scope) -> None:
    """What came over TLS goes back over TLS alone: cookies, and for a day the name itself.

    Not longer, so that a box whose certificate was lost is back the next day; and never an address
    or `localhost`, which may be another machine's, or another program's, tomorrow.
    """
    headers.headers[:] = [
        (name, value + b"; Secure")
        if name.lower() == b"set-cookie" and b"secure" not in value.lower()
        else (name, value)
        for name, value in headers.headers
    ]
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    name, _ = split_host(host.decode("latin-1"))
    if "." in name and parsed(name) is None:
        headers["Strict-Transport-Security"] = "max-age=86400"

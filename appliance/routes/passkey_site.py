"""Where a page is open, as passkeys see it: they need a name, and nobody on the way."""

from typing import Any

from litestar.connection import ASGIConnection

from appliance.accounts.passkey import Site
from appliance.errors import Conflict
from appliance.network.addresses import parsed
from appliance.network.box_names import split_host
from appliance.sentences import say

PLAIN = say("Passkeys need an encrypted page: open this box with https:// in its address.")
NUMBER = say("Passkeys need a name: open this box by its name, and not by a number.")


def obstacle_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Why no passkey can be used here: `number`, `plain`, or nothing."""
    name, _ = split_host(connection.headers.get("host", ""))
    if not name or parsed(name) is not None:
        return "number"
    # Browsers trust this machine's own name without TLS, too.
    is_private = connection.scope["scheme"] == "https" or name == "localhost"
    return "" if is_private else "plain"


def site_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Site:
    """The name is one of the box's: no request comes this far with another. Raises Conflict."""
    obstacle = obstacle_of(connection)
    if obstacle:
        raise Conflict(NUMBER if obstacle == "number" else PLAIN)
    host = connection.headers["host"].lower()
    return Site(split_host(host)[0], f"{connection.scope['scheme']}://{host}")

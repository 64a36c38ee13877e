"""The cookies of the front door: the key of a sign-in, and that by which a browser is known again.

Over HTTPS their names begin with __Host-: a browser takes such a cookie from this very host only,
and sends it encrypted only.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from appliance.accounts.account import Visitor
from appliance.accounts.brief import SECONDS
from appliance.accounts.devices import device_of
from appliance.accounts.letting_in import Begun
from appliance.accounts.second_step import HalfIn
from appliance.accounts.sign_ins import SignIns

SIGN_IN = "sign-in"
DEVICE = "device"
SECOND_STEP = "second-step"
DEVICE_SECONDS = 400 * 24 * 3600

Connection = ASGIConnection[Any, Any, Any, Any]


def sign_in_key(connection: Connection) -> str:
    """What the browser shows; empty when nothing."""
    return connection.cookies.get(_name(connection, SIGN_IN), "")


def visitor_of(connection: Connection) -> Visitor:
    """Whoever stands at the door."""
    return Visitor(
        address=address_of(connection),
        device=device_of(connection.headers.get("user-agent", "")),
        device_key=connection.cookies.get(_name(connection, DEVICE), ""),
        sign_in_key=sign_in_key(connection),
        second_step_key=connection.cookies.get(_name(connection, SECOND_STEP), ""),
    )


def address_of(connection: Connection) -> str:
    """From where."""
    return connection.client.host if connection.client else ""


def cookies_of(connection: Connection, begun: Begun, sign_ins: SignIns) -> list[Cookie]:
    """What the browser is to keep of a sign-in."""
    return [
        _cookie(connection, SIGN_IN, begun.key, sign_ins.longest_seconds),
        _cookie(connection, DEVICE, begun.device_key, DEVICE_SECONDS),
        *([without_second_step(connection)] if _is_half_in(connection) else []),
    ]


def half_in_cookie(connection: Connection, half: HalfIn) -> Cookie:
    """What the browser is to keep between the password and the code."""
    return _cookie(connection, SECOND_STEP, half.key, int(SECONDS))


def without_second_step(connection: Connection) -> Cookie:
    """The browser forgets that it was half in."""
    return _cookie(connection, SECOND_STEP, "", 0)


def without_sign_in(connection: Connection) -> list[Cookie]:
    """The browser forgets its sign-in."""
    return [_cookie(connection, SIGN_IN, "", 0)]


def _is_half_in(connection: Connection) -> bool:
    return _name(connection, SECOND_STEP) in connection.cookies


def _cookie(connection: Connection, name: str, value: str, seconds: int) -> Cookie:
    return Cookie(
        _name(connection, name),
        value=value,
        max_age=seconds,
        secure=_is_secure(connection),
        httponly=True,
        # Lax: a link from a message or a bookmark opens the box as its owner, and no form does.
        samesite="lax",
    )


def _name(connection: Connection, name: str) -> str:
    return f"__Host-{name}" if _is_secure(connection) else name


def _is_secure(connection: Connection) -> bool:
    return connection.scope["scheme"] == "https"

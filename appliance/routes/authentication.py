"""Who sends a request. The one place where that is decided; nothing is open unless it says so.

A handler's `opt={"access": ...}` says who may call it; whatever says nothing is for those who are
signed in. A browser shows its cookie, a program its key (`Authorization: Bearer`); what a key may
do stands beside it as `opt={"scope": ...}`, ANY_SCOPE for every key. `keys_only` is for routes
without form tokens, where what a browser sends by itself must not be enough; `open_here` lets in
whoever is on this machine.
"""

from ipaddress import IPv6Address, ip_address
from typing import Any, Protocol

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware.authentication import (
    AbstractAuthenticationMiddleware,
    AuthenticationResult,
)
from litestar.types import ASGIApp

from appliance.accounts.account import Access, SignedIn
from appliance.accounts.known_keys import KnownKeys
from appliance.accounts.sign_ins import SignIns
from appliance.errors import NotAllowed, NotFound, NotSetUp, NotSignedIn
from appliance.routes.cookies import sign_in_key
from appliance.sentences import say

Connection = ASGIConnection[Any, Any, Any, Any]

ANY_SCOPE = "any"

_SIGNED_OUT = say("You are not signed in here. Sign in, then try again.")
_BAD_KEY = "This key is not known here, or not any more. Make another one on your account's page."
_NOT_FOR_KEYS = "This key may not do that. Use one with the right scope, or the page."
_NO_KEY = say(
    "Send a key in the header `Authorization: Bearer ...`. Your account's page makes one for you."
)
_NO_PAGE = say("There is no such page here.")
_NOT_SET_UP = say(
    "This box is not set up yet. First open its setup link on the machine that it runs on."
)


class Door(Protocol):
    """What is known of those who come."""

    @property
    def is_set_up(self) -> bool: ...
    @property
    def sign_ins(self) -> SignIns: ...
    @property
    def keys(self) -> KnownKeys: ...


class AuthenticationMiddleware(AbstractAuthenticationMiddleware):
    """Puts a SignedIn into the request's `user`; None where anyone may call.

    Raises NotSignedIn; NotSetUp while there are no accounts; NotAllowed for what is not a key's
    business; NotFound for what members need not know of.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        super().__init__(app, exclude_http_methods=(), scopes={ScopeType.HTTP})
        self._door = door

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        access = access_to(connection.route_handler)
        if not self._door.is_set_up:
            _check_before_setup(connection, access)
        opt = connection.route_handler.opt
        if access is Access.ANYONE or (opt.get("open_here") and _is_no_further(connection)):
            return AuthenticationResult(user=None, auth=None)
        signed_in = await self._signed_in(connection)
        if access is Access.ADMIN and not signed_in.account.is_admin:
            raise NotFound(_NO_PAGE)
        if signed_in.scopes is not None and opt.get("scope") not in {ANY_SCOPE, *signed_in.scopes}:
            raise NotAllowed(_NOT_FOR_KEYS)
        return AuthenticationResult(user=signed_in, auth=None)

    async def _signed_in(self, connection: Connection) -> SignedIn:
        scheme, _, key = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if known := await self._door.keys.who(key.strip()):
                return known
            raise NotSignedIn(_BAD_KEY)
        if connection.route_handler.opt.get("keys_only"):
            raise NotSignedIn(_NO_KEY)
        cookie = sign_in_key(connection)
        if cookie and (signed_in := await self._door.sign_ins.who(cookie)):
            return signed_in
        raise NotSignedIn(_SIGNED_OUT)


def access_to(handler: BaseRouteHandler) -> Access:
    """Who may call it."""
    return Access(handler.opt.get("access", Access.MEMBER))


def is_this_machine(connection: Connection) -> bool:
    """Whether it comes from a program on this machine; who forwards it for others is not asked."""
    if connection.client is None:
        return True
    try:
        address = ip_address(connection.client.host.split("%")[0])
    except ValueError:
        return False
    # A socket for both kinds of addresses writes those of IPv4 as ones of IPv6.
    plain = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (plain or address).is_loopback


def _is_no_further(connection: Connection) -> bool:
    """The same, and not for somebody else whose request was sent on to here."""
    forwards = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
    return is_this_machine(connection) and not any(map(connection.headers.get, forwards))


def _check_before_setup(connection: Connection, access: Access) -> None:
    is_here = is_this_machine(connection)
    if not is_here or access is not Access.ANYONE:
        raise NotSetUp(_NOT_SET_UP, is_here=is_here)

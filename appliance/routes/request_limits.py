"""How often anybody may ask, looked at before a handler runs.

A route at which the model works for the answer says so with `opt={"asks_model": True}`. Those are
counted, and every request of a key; who only reads a page is never held up.
"""

from functools import partial
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import MutableScopeHeaders
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Message, Scope

from appliance.accounts.account import SignedIn
from appliance.accounts.limit import Room, Rooms
from appliance.accounts.limits import Limits

_ROOMS = "limit rooms"
_UNUSED = "limit unused"
"""What to call when no reply comes of the request."""


class RequestLimit:
    """A guard that counts the requests of every key, and those of a page that ask the model."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Raises OverLimit."""
        signed_in: SignedIn | None = connection.scope.get("user")
        asks_model = bool(handler.opt.get("asks_model"))
        if signed_in is None or not (asks_model or signed_in.key_id):
            return
        admission = await self._limits.admit(
            signed_in.person, signed_in.key_id, asks_model=asks_model
        )
        state = connection.scope.setdefault("state", {})
        state[_ROOMS] = admission.rooms
        if admission.promise is not None:
            state[_UNUSED] = partial(self._limits.take_back, admission.promise)
        if admission.refusal is not None:
            raise admission.refusal


async def add_limit_headers(message: Message, scope: Scope) -> None:
    """A hook before each send: programs are told what is left, in OpenAI's headers."""
    rooms: Rooms | None = scope.get("state", {}).get(_ROOMS)
    if message["type"] != "http.response.start" or rooms is None:
        return
    if message["status"] >= 400 and (unused := scope.get("state", {}).get(_UNUSED)):
        unused()
    headers = MutableScopeHeaders.from_message(message)
    for kind, room in (("requests", rooms.requests), ("tokens", rooms.tokens)):
        if room is not None:
            headers[f"x-ratelimit-limit-{kind}"] = str(room.limit)
            headers[f"x-ratelimit-remaining-{kind}"] = str(room.left)
            headers[f"x-ratelimit-reset-{kind}"] = reset_words(room)


def reset_words(room: Room) -> str:
    """As OpenAI writes it: `250ms`, `12s`, `6m0s`, `3h5m10s`."""
    if room.resets_after_seconds < 1:
        return f"{round(room.resets_after_seconds * 1000)}ms"
    minutes, seconds = divmod(round(room.resets_after_seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"

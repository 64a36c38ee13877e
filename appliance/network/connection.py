"""One connection of a browser or a program, with the limits that uvicorn's own has not.

Whoever opens a connection and then says nothing, or a byte now and then, would hold it for ever.
So the head of a request comes within HEAD_SECONDS and has at most MAX_HEAD_BYTES, and its body
keeps coming: at least SLOWEST_BYTES in every BODY_SECONDS. Between two requests uvicorn's limit for
idle connections holds, and who does not take what is sent is cut by `stalled_readers`.
"""

from asyncio import AbstractEventLoop, TimerHandle, Transport
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, TypeVar

from uvicorn import Config
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from appliance.network.addresses import parsed

HEAD_SECONDS = 10.0
BODY_SECONDS = 20.0
SLOWEST_BYTES = 4096
MAX_HEAD_BYTES = 32 * 1024
WAITING_ROOM = 4096
"""More than open pages come back at one moment, after the box was started again."""
LAST_WORD_SECONDS = 0.3
"""What was sent before the sender could know that the box stops is here by then."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Tests wait less, and have less room for those that have not said a word yet."""

    head_seconds: float = HEAD_SECONDS
    body_seconds: float = BODY_SECONDS
    waiting_room: int = WAITING_ROOM


LIMITS = Limits()


class _Reading(Enum):
    HEAD = auto()
    BODY = auto()
    NOTHING = auto()


class _HeadTooLarge(Exception):
    """Ends the parsing of a request."""


class Connection(HttpToolsProtocol):
    """Calls `gone` when it ends. One that is `one_too_many` is told so, whatever it asks."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        gone: Callable[[], None],
        is_one_too_many: bool = False,
        limits: Limits = LIMITS,
        loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, loop)
        if is_one_too_many:
            self.app = say_too_many
        self._gone = gone
        self._limits = limits
        self._reading = _Reading.NOTHING
        self._bytes = 0
        """Of this head, or of the body since the clock was last looked at."""
        self._timer: TimerHandle | None = None
        self._is_too_large = self._is_last = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.client, self.server = _plainly(self.client), _plainly(self.server)
        self._now_reading(_Reading.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        self._now_reading(_Reading.NOTHING)
        super().connection_lost(exc)
        self._gone()

    def data_received(self, data: bytes) -> None:
        before = self._reading
        super().data_received(data)
        self._bytes += len(data)
        if self._is_between_requests():
            # An empty line before a request has ended uvicorn's patience, and begun nothing.
            self._now_reading(_Reading.HEAD)
        if before is self._reading is _Reading.HEAD and self._bytes > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    # What the parser finds. Each request begins with the first.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._reading is not _Reading.HEAD:  # the first one's time runs since the connection
            self._now_reading(_Reading.HEAD)

    def on_headers_complete(self) -> None:
        if len(self.url) + sum(len(n) + len(v) + 4 for n, v in self.headers) > MAX_HEAD_BYTES:
            self._is_too_large = True
            raise _HeadTooLarge
        self._now_reading(_Reading.BODY)
        super().on_headers_complete()
        if self._is_last:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._now_reading(_Reading.NOTHING)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's way to end what it cannot read."""
        if self._is_too_large:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            super().send_400_response(msg)
        self._now_reading(_Reading.NOTHING)

    # Time.

    def _now_reading(self, what: _Reading) -> None:
        self._reading, self._bytes = what, 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if what is _Reading.HEAD:
            self._timer = self.loop.call_later(self._limits.head_seconds, self._look)
        elif what is _Reading.BODY:
            self._timer = self.loop.call_later(self._limits.body_seconds, self._look)

    def _look(self) -> None:
        comes = self._reading is _Reading.BODY and self._bytes >= SLOWEST_BYTES
        # While we do not take more, it is not the sender's fault that nothing comes.
        if comes or self.flow.read_paused:
            self._now_reading(self._reading)
        else:
            self._timer = None
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def shutdown(self) -> None:
        """The box stops. A first request that is on its way is answered, as one that has begun."""
        if self.cycle is None and self._reading is _Reading.HEAD:
            self._is_last = True
            self.loop.call_later(LAST_WORD_SECONDS, self._end_if_silent)
        else:
            super().shutdown()

    def _end_if_silent(self) -> None:
        if self.cycle is None and self._bytes == 0 and not self.transport.is_closing():
            self.transport.close()

    def _is_between_requests(self) -> bool:
        is_over = self.cycle is not None and self.cycle.response_complete
        return self._reading is _Reading.NOTHING and is_over and not self.transport.is_closing()

    def _refuse(self, status: HTTPStatus) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            sentence = _SENTENCES[status].encode()
            self.transport.write(
                f"HTTP/1.1 {status.value} {status.phrase}\r\n"
                "content-type: text/plain; charset=utf-8\r\n"
                f"content-length: {len(sentence)}\r\nconnection: close\r\n\r\n".encode()
                + sentence
            )
        self.transport.close()


Place = TypeVar("Place", tuple[str, int], tuple[str, int | None])


def _plainly(place: Place | None) -> Place | None:
    """Where one socket serves both, IPv4 comes in the clothes of IPv6, and nobody would know it."""
    address = parsed(place[0]) if place else None
    return (str(address), place[1]) if place and address else place


_SENTENCES = {
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        "The address or the headers of this request are too long. Delete this site's cookies and "
        "try again.\n"
    ),
    HTTPStatus.REQUEST_TIMEOUT: "This request came too slowly. Send it again.\n",
}
_TOO_MANY = (
    b"Too many connections are open from this device at once. Close some of its pages, or wait a "
    b"moment, and try again.\n"
)


async def say_too_many(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """The whole application, for a connection for which there is no room."""
    await send(
        {
            "type": "http.response.start",
            "status": HTTPStatus.SERVICE_UNAVAILABLE.value,
            "headers": [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(_TOO_MANY)).encode()),
                (b"retry-after", b"5"),
                (b"connection", b"close"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": _TOO_MANY, "more_body": False})

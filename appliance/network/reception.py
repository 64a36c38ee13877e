"""The listening socket's side of the server: who comes in, and whether TLS is spoken.

On one port: a browser that begins with a TLS greeting gets TLS, anything else is plain HTTP, which
`HttpsOnly` then sends on. The first byte is only peeked at, so whoever connects and stays silent
costs a socket and nothing above it. They wait in a room of limited size, for a limited time; when
it is full, the one that has waited longest goes, so that somebody who speaks is always let in.
"""

import asyncio
import errno
import socket
from asyncio import AbstractEventLoop, Protocol, Task, TimerHandle
from collections.abc import Callable
from ssl import SSLContext
from typing import Protocol as Shape

import structlog

from appliance.network.connection import LIMITS, Limits
from appliance.network.guests import Guest, Guests

HANDSHAKE_SECONDS = 10.0
_TLS_GREETING = b"\x16"
_AT_ONCE = 100
_PAUSE_SECONDS = 1.0
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

log = structlog.get_logger(__name__)


class Tls(Shape):
    """What `Certificates` is to the reception."""

    async def context_for(self, local: str) -> SSLContext | None:
        """For a connection that came to this address; None when TLS is not on."""


class Reception:
    """Lets in until `close`. `greet` makes the protocol that serves a guest."""

    def __init__(
        self,
        listener: socket.socket,
        guests: Guests,
        tls: Tls,
        greet: Callable[[Guest], Protocol],
        limits: Limits = LIMITS,
    ) -> None:
        self._loop: AbstractEventLoop = asyncio.get_running_loop()
        self._listener = listener
        self._guests = guests
        self._tls = tls
        self._greet = greet
        self._limits = limits
        self._silent: dict[socket.socket, tuple[Guest, TimerHandle]] = {}
        self._coming_in: set[Task[None]] = set()
        listener.setblocking(False)
        self._loop.add_reader(listener, self._accept)
        self._is_open = True

    @property
    def waiting(self) -> int:
        """Connections that have not said a word yet."""
        return len(self._silent)

    def close(self) -> None:
        """Nobody comes in any more; who is in stays."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._listener)

    async def hear_the_last(self, seconds: float) -> None:
        """After `close`: whoever was let in at the last moment may still say the first word, which
        is on its way; then those who were silent are sent away.
        """
        until = self._loop.time() + seconds
        while (self._silent or self._coming_in) and self._loop.time() < until:
            await asyncio.sleep(0.01)
        for client in list(self._silent):
            self._send_away(client)

    async def wait_closed(self) -> None:
        """uvicorn asks for it. What is between the door and the first request is let go."""
        for task in list(self._coming_in):
            task.cancel()
        await asyncio.gather(*self._coming_in, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                client, peer = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                self._pause(error)
                return
            client.setblocking(False)
            guest = self._guests.enter(str(peer[0]), _local_address(client))
            if guest is None:
                client.close()
            else:
                self._wait_for_first_word(client, guest)

    def _pause(self, error: OSError) -> None:
        """The listener would be ready again at once, and nothing else would be done."""
        log.warning("no more connections can be accepted for a moment", error=error.strerror)
        self._loop.remove_reader(self._listener)
        self._loop.call_later(_PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listener, self._accept)

    def _wait_for_first_word(self, client: socket.socket, guest: Guest) -> None:
        if len(self._silent) >= self._limits.waiting_room:
            self._send_away(next(iter(self._silent)))
        timer = self._loop.call_later(self._limits.head_seconds, self._send_away, client)
        self._silent[client] = (guest, timer)
        self._loop.add_reader(client, self._hear, client)

    def _send_away(self, client: socket.socket) -> None:
        guest = self._no_longer_silent(client)
        client.close()
        guest.leave()

    def _no_longer_silent(self, client: socket.socket) -> Guest:
        guest, timer = self._silent.pop(client)
        timer.cancel()
        self._loop.remove_reader(client)
        return guest

    def _hear(self, client: socket.socket) -> None:
        try:
            first = client.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            first = b""
        if not first:
            self._send_away(client)
            return
        guest = self._no_longer_silent(client)
        task = self._loop.create_task(self._bring_in(client, guest, first == _TLS_GREETING))
        self._coming_in.add(task)
        task.add_done_callback(self._coming_in.discard)

    async def _bring_in(self, client: socket.socket, guest: Guest, speaks_tls: bool) -> None:
        try:
            context = await self._tls.context_for(_local_address(client))
            if speaks_tls and context is None:
                raise ConnectionAbortedError("there is no certificate")
            await self._loop.connect_accepted_socket(
                lambda: self._greet(guest),
                client,
                ssl=context if speaks_tls else None,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if speaks_tls else None,
            )
        except BaseException as error:
            # A browser that does not trust the certificate, or one that left.
            client.close()
            guest.leave()
            if not isinstance(error, OSError | asyncio.CancelledError):
                raise
            log.debug("a connection ended before its first request", error=type(error).__name__)


def _local_address(client: socket.socket) -> str:
    try:
        return str(client.getsockname()[0])
    except OSError:
        return ""

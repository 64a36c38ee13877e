"""uvicorn behind a door of ours: `Reception` lets connections in, `Connection` reads what they ask.

It is stopped by us, too: by itself it would end the process before the box has written down its
turns, and readers of streams would keep it waiting.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import uvicorn
from litestar.types import ASGIApp

from appliance.network.box_names import BoxNames
from appliance.network.certificates import Certificates
from appliance.network.connection import LAST_WORD_SECONDS, LIMITS, Connection, Limits
from appliance.network.guests import Guest, Guests
from appliance.network.https_only import HttpsOnly
from appliance.network.listening import allowed_ports
from appliance.network.reception import Reception
from appliance.settings_sections import ServerSettings

_GRACE_SECONDS = 3
_DATE_SECONDS = 1.0


class WebServer(uvicorn.Server):
    """Serves `app` on the listening sockets that `serve` is given."""

    _loop: asyncio.AbstractEventLoop | None = None
    _told: asyncio.Event

    def __init__(
        self,
        app: ASGIApp,
        settings: ServerSettings,
        names: BoxNames,
        certificates: Certificates,
        port: int,
        is_open: Callable[[], bool] = lambda: True,
        before_stop: Callable[[], None] = lambda: None,
        limits: Limits = LIMITS,
    ) -> None:
        ports = allowed_ports(settings, port)
        super().__init__(
            uvicorn.Config(
                cast(Any, HttpsOnly(app, names, certificates, ports)),
                interface="asgi3",
                ws="none",
                log_config=None,
                access_log=False,
                log_level="warning",
                server_header=False,
                # Nobody else's word is taken for who asks.
                proxy_headers=bool(settings.proxies),
                forwarded_allow_ips=[str(each) for each in settings.proxies],
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._guests = Guests(settings.connections, settings.public, settings.proxies, is_open)
        self._certificates = certificates
        self._before_stop = before_stop
        self._limits = limits
        self.is_to_restart = False

    def restart(self) -> None:
        """Stop politely; `is_to_restart` tells whoever serves that it is not for good."""
        self.is_to_restart = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        receptions = [
            Reception(each, self._guests, self._certificates, self._greet, self._limits)
            for each in sockets or []
        ]
        # What uvicorn asks of its servers, a reception can: `close` and `wait_closed`.
        self.servers = cast(list[asyncio.base_events.Server], receptions)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._before_stop()
        # Where systemd holds the socket, too, who comes from here on waits in it for the next one
        # to serve; so nobody who was let in may be turned away for having come a moment too soon.
        for each in self.servers:
            each.close()
        receptions = cast(list[Reception], self.servers)
        await asyncio.gather(*(each.hear_the_last(LAST_WORD_SECONDS) for each in receptions))
        await super().shutdown(sockets)
        # Who takes nothing would keep a TLS connection, and with it the event loop, for long.
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    @property
    def should_exit(self) -> bool:
        """uvicorn's word for it, said by a signal or by whoever ends the box."""
        return self._shall_end

    @should_exit.setter
    def should_exit(self, shall: bool) -> None:
        self._shall_end = shall
        if shall and self._loop is not None:
            with suppress(RuntimeError):  # that loop is over already
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        """uvicorn's own looks ten times a second whether it shall end, for as long as the box runs.
        This one is told, and wakes once a second for the date that stands in every answer.
        """
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(_DATE_SECONDS):
                    await self._told.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    def _greet(self, guest: Guest) -> asyncio.Protocol:
        return Connection(
            self.config,
            self.server_state,
            self.lifespan.state,
            guest.leave,
            guest.is_one_too_many,
            self._limits,
        )


def certificates_of(settings: ServerSettings, names: BoxNames, data_dir: Path) -> Certificates:
    """The box's own, or the files that the settings name."""
    own = None
    if settings.certificate is not None and settings.certificate_key is not None:
        own = (settings.certificate, settings.certificate_key)
    return Certificates(data_dir, names, own)

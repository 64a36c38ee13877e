"""The real web server, on uvloop and in a thread of its own, before an application that says what
it was asked.
"""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from appliance.network.authority import today
from appliance.network.box_names import BoxNames
from appliance.network.certificates import Certificates, turn_on
from appliance.network.connection import Limits
from appliance.network.listening import listen
from appliance.network.tls_folder import TlsFolder
from appliance.settings_sections import ServerSettings
from appliance.stalled_readers import STALLED_SECONDS, cut_stalled_readers
from appliance.web_server import WebServer

HASTY = Limits(head_seconds=0.3, body_seconds=0.3)
"""For tests of what is cut; the others must not be."""


@dataclass
class Door:
    """Where it stands, and what was seen of it."""

    port: int
    data_dir: Path
    bodies: list[int] = field(default_factory=list)
    streams: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    """A stream was given up."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def secure_url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def trusting(self) -> ssl.SSLContext:
        """What a device has that trusts the box's authority and nobody else."""
        pem = TlsFolder(self.data_dir).authority_certificate()
        assert pem is not None
        return ssl.create_default_context(cadata=pem.decode())

    def connect(self) -> socket.socket:
        """A connection that says nothing; it fails the test when it is not answered in time."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def say(self, text: str) -> socket.socket:
        client = self.connect()
        client.sendall(text.encode())
        return client

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        if scope["path"] == "/stream":
            await self._stream(receive, send)
            return
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        self.bodies.append(size)
        said = {name: scope[name] for name in ("scheme", "path", "client")} | {"body": size}
        content = json.dumps(said).encode()
        headers = [(b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _stream(self, receive: Any, send: Any) -> None:
        """Far more than a connection holds, until the reader is gone."""
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await receive()
        gone = asyncio.ensure_future(receive())
        self.streams += 1
        while not gone.done():
            event = b"data: " + b"x" * 65_000 + b"\n\n"
            await send({"type": "http.response.body", "body": event, "more_body": True})
            await asyncio.sleep(0)
        self.ended.set()


def certify(data_dir: Path) -> None:
    """Turn TLS on."""
    turn_on(data_dir, BoxNames([], data_dir, "box"), today())


def read_all(client: socket.socket) -> str:
    """Until the other side ends it."""
    received = bytearray()
    with client:
        try:
            while piece := client.recv(65_536):
                received += piece
        except ConnectionResetError:
            pass
    return received.decode("latin-1")


@contextmanager
def open_door(
    data_dir: Path,
    limits: Limits | None = None,
    make_app: Callable[[int], Any] | None = None,
    stalled_seconds: float = STALLED_SECONDS,
    before_stop: Callable[[], None] = lambda: None,
    **settings: Any,
) -> Iterator[Door]:
    """Opens before the block and is stopped after it, as a polite stop does."""
    listener = listen("127.0.0.1", 0)
    cut_stalled_readers(listener, stalled_seconds)
    door = Door(listener.getsockname()[1], data_dir)
    servers: list[WebServer] = []
    is_made = threading.Event()

    async def serve() -> None:
        server_settings = ServerSettings(**settings)
        names = BoxNames(server_settings.names, data_dir, host_name="box")
        certificates = Certificates(data_dir, names, addresses=lambda: ())
        certificates.open()
        servers.append(
            WebServer(
                make_app(door.port) if make_app else door.app,
                server_settings,
                names,
                certificates,
                door.port,
                before_stop=before_stop,
                limits=limits or Limits(),
            )
        )
        is_made.set()
        await servers[0].serve([listener])

    thread = threading.Thread(target=uvloop.run, args=[serve()])
    thread.start()
    try:
        assert is_made.wait(30)
        yield door
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(timeout=30)
        listener.close()
        assert not thread.is_alive()

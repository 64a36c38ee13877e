"""A whole box with the product's own web server, to be asked directly or through a real proxy.

Its model is scripted, its clients come from an address of their choice on this machine.
"""

import asyncio
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop
from fakes import ScriptedBackend
from signed_in import KEY, cheap_passwords, sign_in

from appliance.accounts.account import AccountRole
from appliance.app import create_app
from appliance.lifespan import Box, open_box
from appliance.network.authority import issue, make_authority, today
from appliance.network.box_names import BoxNames
from appliance.network.listening import listen
from appliance.settings import Settings
from appliance.web_server import WebServer, certificates_of

NAME = "box.lan"
DOCS = Path(__file__).parents[1] / "docs" / "proxy"
ASKER = "127.0.0.9"
"""Where clients come from: neither the box's own address nor a proxy's."""


@dataclass
class Served:
    """A box that runs."""

    box: Box
    port: int
    loop: asyncio.AbstractEventLoop

    def do(self, step: Callable[[], Awaitable[Any]]) -> Any:
        """Run something where the box lives."""

        async def run() -> Any:
            return await step()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(timeout=30)

    def addresses(self) -> list[str]:
        """From where its record says that something was done, newest first."""
        return [entry.address for entry in self.do(lambda: self.box.door.audit.list())]


@contextmanager
def served(data_dir: Path, backend: ScriptedBackend, **sections: Any) -> Iterator[Served]:
    """Opens before the block, and is stopped politely after it."""
    listener = listen("127.0.0.1", 0)
    sections.setdefault("assistant", {"titles": False, "summaries": False, "facts": False})
    sections.setdefault("recall", {"enabled": False})
    settings = Settings(data_dir=data_dir, hot={"embedded": False}, **sections)
    is_up = threading.Event()
    opened: list[tuple[Served, WebServer]] = []

    async def serve() -> None:
        port = listener.getsockname()[1]
        async with open_box(settings, lambda: backend, cheap_passwords()) as box:
            await sign_in(box, role=AccountRole.ADMIN)
            await box.generations.wait_ready()
            names = BoxNames(settings.server.names, data_dir, host_name="box")
            certificates = certificates_of(settings.server, names, data_dir)
            app, release = create_app(box, port), box.desk.runner.release_readers
            server = WebServer(app, settings.server, names, certificates, port, before_stop=release)
            opened.append((Served(box, port, asyncio.get_running_loop()), server))
            is_up.set()
            await server.serve([listener])

    thread = threading.Thread(target=uvloop.run, args=[serve()])
    thread.start()
    try:
        assert is_up.wait(60)
        yield opened[0][0]
    finally:
        if backend._gate is not None:
            backend.let(100_000)
        for here, server in opened:
            here.loop.call_soon_threadsafe(setattr, server, "should_exit", True)
        thread.join(timeout=30)
        listener.close()
        assert not thread.is_alive()


class ByName(httpx.HTTPTransport):
    """Asks an address of this machine as if its name had been looked up."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = NAME
        return super().handle_request(request)


def browser(port: int, authority: Path | None = None, **headers: str) -> httpx.Client:
    """Somebody who is signed in, at a plain address or behind TLS."""
    scheme, cookie = ("https", "__Host-sign-in") if authority else ("http", "sign-in")
    return httpx.Client(
        base_url=f"{scheme}://127.0.0.1:{port}",
        headers={"Host": f"{NAME}:{port}", **headers},
        cookies={cookie: KEY},
        timeout=30,
        transport=ByName(verify=_trusting(authority) if authority else True, local_address=ASKER),
    )


def _trusting(authority: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority))


@dataclass
class Proxy:
    """Where it listens, and whom a browser has to trust for it."""

    port: int
    authority: Path


@contextmanager
def proxy(program: str, folder: Path, box_port: int) -> Iterator[Proxy]:
    """nginx or caddy with the very file that the documentation gives, on free ports."""
    binary = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if binary is None:
        pytest.skip(f"{program} is not installed (apt install {program})")
    folder.mkdir()
    port, other = _free_port(), _free_port()
    authority, certificate, key = _certified(folder)
    text = _adapted(program, port, box_port, certificate, key)
    config = folder / "config"
    if program == "nginx":
        config.write_text(_WHOLE_NGINX.format(folder=folder, server=text), encoding="utf-8")
        command = [binary, "-p", str(folder), "-e", "stderr", "-c", str(config)]
    else:
        options = f"{{\n\tadmin off\n\tauto_https disable_redirects\n\thttp_port {other}\n}}\n"
        config.write_text(options + text, encoding="utf-8")
        command = [binary, "run", "--adapter", "caddyfile", "--config", str(config)]
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    log = folder / "log"
    with (
        log.open("w") as out,
        subprocess.Popen(
            command, env={"PATH": "/usr/bin:/bin", **home}, stdout=out, stderr=out
        ) as process,
    ):
        try:
            _wait_until_it_listens(process, port, log)
            yield Proxy(port, authority)
        finally:
            process.terminate()
            process.wait(30)


def _adapted(program: str, port: int, box_port: int, certificate: Path, key: Path) -> str:
    """The documented file with this test's ports and paths; each must be there to be replaced."""
    if program == "nginx":
        text, changes = (
            (DOCS / "nginx.conf").read_text(encoding="utf-8"),
            [
                ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
            ],
        )
    else:
        text, changes = (
            (DOCS / "Caddyfile").read_text(encoding="utf-8"),
            [
                ("\nbox.lan {", f"\n{NAME}:{port} {{\n\tbind 127.0.0.1"),
            ],
        )
    changes += [
        ("127.0.0.1:8080", f"127.0.0.1:{box_port}"),
        ("/etc/ssl/box.crt", str(certificate)),
        ("/etc/ssl/box.key", str(key)),
    ]
    for old, new in changes:
        assert len(re.findall(re.escape(old), text)) == 1, f"{old!r} is not in the file once"
        text = text.replace(old, new)
    return text


_WHOLE_NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


def _certified(folder: Path) -> tuple[Path, Path, Path]:
    """An authority, and the certificate and key of a server that it speaks for."""
    authority = make_authority("house", [NAME], today())
    server = issue(authority, [NAME], ["127.0.0.1"], today())
    paths = folder / "authority.pem", folder / "server.crt", folder / "server.key"
    for path, pem in zip(
        paths, (authority.certificate, server.certificate, server.key), strict=True
    ):
        path.write_bytes(pem)
    return paths


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            try:
                process.wait(timeout=0.05)  # it has ended, or it is about to listen
            except subprocess.TimeoutExpired:
                continue
            break
    raise AssertionError(f"the proxy does not listen: {log.read_text()}")

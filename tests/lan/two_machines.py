"""A LAN of two machines: network namespaces with a cable between them."""

import asyncio
import http.client
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from in_namespace import enter
from zeroconf.asyncio import AsyncZeroconf

from appliance.network.host_question import addresses_of

IN_NAMESPACE = str(Path(__file__).parent / "in_namespace.py")
BOX_ADDRESS, PHONE_ADDRESS = "10.77.0.1", "10.77.0.2"

Answer = TypeVar("Answer")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@dataclass
class Reply:
    """What a machine was answered."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Machine:
    """One end of the cable."""

    name: str
    _executor: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, initializer=enter, initargs=(self.name,))

    def do(self, step: Callable[..., Answer], *args: Any) -> Answer:
        """Something that opens sockets, done there."""
        return self._executor.submit(step, *args).result(timeout=60)

    def resolve(self, name: str) -> set[str]:
        """Its addresses, by a question to everybody on this network; nothing is remembered."""
        return self.do(asyncio.run, _resolve(name))

    def ask(
        self,
        url: str,
        trust: ssl.SSLContext | None = None,
        address: str = BOX_ADDRESS,
        **headers: str,
    ) -> Reply:
        """As a browser does that has resolved the name."""
        return self.do(_ask, url, trust, address, headers)

    def close(self) -> None:
        self._executor.shutdown()


async def _resolve(name: str) -> set[str]:
    async with AsyncZeroconf() as zeroconf:
        await zeroconf.zeroconf.async_wait_for_start()
        return await addresses_of(zeroconf, name)


def _ask(url: str, trust: ssl.SSLContext | None, address: str, headers: dict[str, str]) -> Reply:
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    name, _, port = host.partition(":")
    plain = socket.create_connection((address, int(port)), timeout=20)
    with ExitStack() as stack:
        stack.callback(plain.close)
        connection = http.client.HTTPConnection(name, int(port))
        connection.sock = plain
        if scheme == "https":
            context = trust or ssl.create_default_context()
            connection.sock = stack.enter_context(context.wrap_socket(plain, server_hostname=name))
        connection.request("GET", f"/{path}", headers={"Host": host, **headers})
        answer = connection.getresponse()
        lowered = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, lowered, answer.read().decode())


class Announced:
    """`appliance announce` on one of the machines."""

    def __init__(self, machine: Machine, data_dir: Path, *arguments: str) -> None:
        command = [sys.executable, IN_NAMESPACE, machine.name, "announce", "--data", str(data_dir)]
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.said: list[str] = []
        # A test that waits for words that never come ends with them, not with all tests.
        self._limit = threading.Timer(60, self.process.kill)
        self._limit.start()

    def wait_for(self, words: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if words in line:
                return line
        raise AssertionError(f"it never said {words!r}:\n{''.join(self.said)}")

    def stop(self) -> int:
        """It may be said again."""
        self._limit.cancel()
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.stdout is not None
        if not self.process.stdout.closed:
            self.process.stdout.read()
            self.process.stdout.close()
        return self.process.wait(30)


@dataclass
class Lan:
    box: Machine
    phone: Machine
    stack: ExitStack

    def announce(self, machine: Machine, data_dir: Path, *arguments: str) -> Announced:
        announced = Announced(machine, data_dir, *arguments)
        self.stack.callback(announced.stop)
        return announced

"""A small harness that plays systemd for one real process: it opens the listening socket, hands it
over, and listens to what the process says of itself.
"""

import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from appliance_process import ApplianceProcess

_CREDENTIALS = struct.Struct("3i")
_HAND_OVER = """
import os, sys
os.dup2(int(os.environ.pop("HANDED_FD")), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[1], sys.argv[1:])
"""
ODD = (str(Path(__file__).parent / "launched_odd.py"),)


@dataclass(frozen=True)
class Told:
    """One notification: which process said it, and when it came."""

    pid: int
    at: float
    fields: dict[str, str]


class Service(ApplianceProcess):
    """The appliance as systemd runs it, until the block is left."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        watchdog_seconds: float | None = None,
        is_odd: bool = False,
        **environment: str,
    ) -> None:
        self.told: list[Told] = []
        self._tells = threading.Condition()
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._ear.bind(str(folder / "notify"))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._service_environment = {
            "NOTIFY_SOCKET": str(folder / "notify"),
            "LISTEN_FDS": "1",
            "HANDED_FD": str(self._listener.fileno()),
            "RUNTIME_DIRECTORY": str(folder),
        }
        if watchdog_seconds is not None:
            self._service_environment["WATCHDOG_USEC"] = str(int(watchdog_seconds * 1_000_000))
        threading.Thread(target=self._listen, daemon=True).start()
        program = ODD if is_odd else ("-m", "appliance")
        super().__init__(folder / "data", *arguments, program=program, **environment)

    def _launch(self, port: int = 0) -> None:
        self._lines.clear()
        serve = (sys.executable, *self._program, "serve", "--data", str(self.data_dir))
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", _HAND_OVER, *serve, *self._arguments],
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self._environment}
            | self._service_environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=(self._listener.fileno(),),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def having(self, name: str, value: str = "") -> list[Told]:
        """All notifications so far with that field, and with those words in it."""
        return [
            each for each in list(self.told) if name in each.fields and value in each.fields[name]
        ]

    def wait_told(
        self, name: str, value: str = "", after: int = 0, timeout_seconds: float = 60
    ) -> Told:
        """The first such notification, not counting `after` earlier ones, when it comes."""
        came = self.comes(lambda: len(self.having(name, value)) > after, timeout_seconds)
        assert came, f"{name}={value} was not told, but {self.told[-5:]}\n{self.log[-2000:]}"
        return self.having(name, value)[after]

    def comes(self, what: Callable[[], bool], within_seconds: float) -> bool:
        """Whether it is so by then."""
        with self._tells:
            return self._tells.wait_for(what, within_seconds)

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._listener.close()
        # Closing alone would not wake the thread that listens.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            mouth.sendto(b"", self._ear.getsockname())

    def _listen(self) -> None:
        while True:
            said, ancillary, _, _ = self._ear.recvmsg(65_536, socket.CMSG_SPACE(_CREDENTIALS.size))
            if not said:
                self._ear.close()
                return
            pid = _CREDENTIALS.unpack(ancillary[0][2])[0]
            fields = dict(line.split("=", 1) for line in said.decode().splitlines())
            with self._tells:
                self.told.append(Told(pid, monotonic(), fields))
                self._tells.notify_all()

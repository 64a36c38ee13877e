"""The real appliance as its own process, as a person starts it."""

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from pysqlite3 import dbapi2 as sqlite
from signed_in import prepare

from appliance.data_dir import running_pid


class ApplianceProcess:
    """`python -m appliance serve` on a free port; leaving the block stops it.

    Somebody is signed in whose browser has the cookies of `signed_in`, unless the data is to be
    left as it is.
    """

    is_prepared = True

    def __init__(
        self,
        data_dir: Path,
        *arguments: str,
        program: tuple[str, ...] = ("-m", "appliance"),
        **environment: str,
    ) -> None:
        self.data_dir = data_dir
        self._program = program
        self._arguments = arguments
        self._environment = environment
        self._lines: list[str] = []
        self._said = threading.Condition()
        if self.is_prepared and running_pid(data_dir) is None:
            prepare(data_dir)
        self._launch()
        self.wait_open()

    def _launch(self, port: int = 0) -> None:
        command = [sys.executable, *self._program, "serve", "--data", str(self.data_dir)]
        self._lines.clear()
        self._process = subprocess.Popen(
            [*command, "--port", str(port), *self._arguments],
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_open(self) -> None:
        """Return when the page is there. AssertionError when the appliance ends before."""
        try:
            self.url = self.wait_for(r"Open (http://\S+) in a browser")
        except AssertionError:
            self._process.kill()
            self._await_end()
            raise
        self.port = int(self.url.rsplit(":", 1)[1])

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return "".join(self._lines)

    def count(self, pattern: str) -> int:
        """How often the log says something so far."""
        return len(re.findall(pattern, self.log))

    def wait_for(self, pattern: str, after: int = 0, timeout_seconds: float = 60) -> str:
        """The first group of the first match, not counting `after` earlier ones, when it comes."""
        found: list[str] = []

        def seen() -> bool:
            matches = list(re.finditer(pattern, self.log))[after:]
            found[:] = [match[1] if match.re.groups else match[0] for match in matches]
            return bool(found) or self._process.poll() is not None

        with self._said:
            self._said.wait_for(seen, timeout=timeout_seconds)
        assert found, f"the appliance never said {pattern!r}:\n{self.log}"
        return found[0]

    def wait_ready(self) -> "ApplianceProcess":
        self.wait_for(r"Ready: ")
        return self

    def stored(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database file holds, seen from outside."""
        address = f"file:{self.data_dir}/appliance.sqlite3?mode=ro"
        with closing(sqlite.connect(address, uri=True)) as database:
            return list(database.execute(sql).fetchall())

    def kill(self) -> None:
        """kill -9: no goodbye."""
        self.let_die()
        self._await_end()

    def let_die(self) -> None:
        """The same for a box that somebody else waits for, to start it again."""
        self._process.send_signal(signal.SIGKILL)

    def wait_end(self) -> int:
        """However it comes; the exit status."""
        self._process.wait()
        return self._await_end()

    def stop(self) -> int:
        """A polite stop; the exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._await_end()

    def start_again(self) -> None:
        """On the same port, as a supervisor would."""
        self.launch_again()
        self.wait_open()

    def launch_again(self) -> None:
        """The same without waiting for anything."""
        self._launch(self.port)

    def __enter__(self) -> "ApplianceProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._await_end()

    def _await_end(self) -> int:
        status = self._process.wait(30)
        self._reader.join(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return status

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._said:
                self._lines.append(line)
                self._said.notify_all()
        self._process.wait()  # the end of the output may come before the end of the process
        with self._said:
            self._said.notify_all()


class UnpreparedProcess(ApplianceProcess):
    """The same with the data as it is."""

    is_prepared = False

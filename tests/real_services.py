"""What systemd does for an installation, with the real program and without systemd."""

import os
import select
import signal
import subprocess
from pathlib import Path

from appliance.errors import InstallationError
from appliance.installation.places import Places

_LOOK_MS = 50


class RealServices:
    """Runs `current`'s program on the data of a folder that stands for a machine. Which process it
    is stands in a file, so that it outlives whoever started it, as under systemd.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._pid_file = places.root / "serve.pid"
        self.log_file = places.root / "serve.log"
        self._own: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process, if it lives."""
        try:
            pid = int(self._pid_file.read_text())
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (OSError, ValueError):
            return None
        return None if stat.rpartition(")")[2].split()[0] == "Z" else pid

    @property
    def url(self) -> str:
        (line,) = [line for line in self._log().splitlines() if line.startswith("Open ")]
        return line.split()[1]

    def are_running(self) -> bool:
        return self.pid is not None

    def start(self) -> None:
        if self.pid is not None:
            return
        python = self._places.current / "venv/bin/python"
        command = [str(python), "-I", "-m", "appliance", "serve", "--port", "0"]
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment |= {"STATE_DIRECTORY": str(self._places.data), "PYTHONUNBUFFERED": "1"}
        environment |= {"APPLIANCE_RECALL__ENABLED": "false"}
        with self.log_file.open("wb") as log:
            self._own = process = subprocess.Popen(
                [*command, "--data", str(self._places.data)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._pid_file.write_text(str(process.pid))
        while not _ends(process.pid, _LOOK_MS):
            if "\nReady: " in self._log():
                return
        process.wait()
        raise InstallationError(f"it did not start: {self._log().splitlines()[-1]}")

    def stop(self) -> None:
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            _ends(pid, None)
        if self._own is not None:
            self._own.wait()

    def units_changed(self) -> None: ...

    def enable(self, units: list[str]) -> None: ...

    def disable(self, units: list[str]) -> None: ...

    def _log(self) -> str:
        return self.log_file.read_text(errors="replace")


def _ends(pid: int, within_ms: int | None) -> bool:
    """Whether the process ends in that time; not only one of our own."""
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(within_ms))
    finally:
        os.close(descriptor)

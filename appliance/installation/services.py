"""systemd, as far as an installation needs it."""

import subprocess
from typing import Protocol

from appliance.errors import InstallationError

MAIN, SOCKET = "appliance.service", "appliance.socket"
_TO_ENABLE = (
    *("appliance-recover.service", "appliance-valkey.service", SOCKET, MAIN),
    *("appliance-announce.service", "appliance-backup.timer"),
)
"""Those that are there of them, in this order."""
_LAST_LINES = 6


class Services(Protocol):
    """What runs the box. Both answer when it is done, and raise InstallationError when it is not:
    a start is done when the box says that it is ready.
    """

    def are_running(self) -> bool:
        """Whether the box is wanted to run: then it is started again after an update."""
        ...

    def stop(self) -> None:
        """Let the box write down what it has, and nobody in."""
        ...

    def start(self) -> None:
        """And wait until it is ready."""
        ...

    def units_changed(self) -> None:
        """Other unit files are there now."""
        ...

    def enable(self, units: list[str]) -> None:
        """Start them with the machine."""
        ...

    def disable(self, units: list[str]) -> None:
        """Stop them, and start them no more."""
        ...


class NoServices:
    """Under a folder that stands for a machine nothing runs."""

    def are_running(self) -> bool:
        return False

    def stop(self) -> None: ...

    def start(self) -> None: ...

    def units_changed(self) -> None: ...

    def enable(self, units: list[str]) -> None: ...

    def disable(self, units: list[str]) -> None: ...


class Systemd:
    """The machine's own."""

    def are_running(self) -> bool:
        # One that fails and is tried again is wanted to run, too: the update may heal it.
        return _state() not in ("inactive", "unknown")

    def stop(self) -> None:
        # The socket as well: whoever came through it would start the old version again, and what
        # they said to it would be gone with the old data. Starting the box opens it again.
        self._do("stop", SOCKET, MAIN)

    def start(self) -> None:
        _ask("reset-failed", MAIN)
        if _ask("start", MAIN).returncode != 0 or _state() != "active":
            raise InstallationError(f"{MAIN} did not start: {_last_words()}")

    def units_changed(self) -> None:
        self._do("daemon-reload")

    def enable(self, units: list[str]) -> None:
        for unit in _TO_ENABLE:
            if unit in units:
                self._do("enable", unit)
        # Not what the update itself starts, and waits for.
        for unit in _TO_ENABLE:
            if unit in units and unit.endswith((".socket", ".timer")):
                self._do("start", unit)

    def disable(self, units: list[str]) -> None:
        if units:
            _ask("disable", "--now", *units)

    def _do(self, *arguments: str) -> None:
        done = _ask(*arguments)
        if done.returncode != 0:
            reason = done.stderr.strip() or "it gave no reason"
            raise InstallationError(f"systemctl {' '.join(arguments)} failed: {reason}")


class AtBoot(Systemd):
    """While the machine starts: systemd starts the box by itself, right after us."""

    def are_running(self) -> bool:
        return True

    def stop(self) -> None: ...

    def start(self) -> None: ...

    def enable(self, units: list[str]) -> None:
        for unit in _TO_ENABLE:
            if unit in units:
                self._do("enable", unit)  # what is to be started is being started


def _ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False)


def _state() -> str:
    return _ask("is-active", MAIN).stdout.strip()


def _last_words() -> str:
    """What the box said last, for whoever reads why an update was undone."""
    journal = ["journalctl", "-u", MAIN, "-n", str(_LAST_LINES), "-o", "cat", "--no-pager"]
    done = subprocess.run(journal, capture_output=True, text=True, check=False)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return " / ".join(lines) or "its journal is empty"

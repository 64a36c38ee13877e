"""The box that is looked at, and where on this machine to look; tests plant things there."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import time

from appliance.data_dir import running_pid
from appliance.settings import Settings


@dataclass(frozen=True)
class Patient:
    """`pid` is the process that serves, if there is one. `must_be_offline`: it is asked for proof
    that nothing leaves.
    """

    settings: Settings
    pid: int | None = None
    must_be_offline: bool = False
    proc: Path = Path("/proc")
    etc: Path = Path("/etc")
    now: float = field(default_factory=time)

    @classmethod
    def of(cls, settings: Settings, *, must_be_offline: bool = False) -> "Patient":
        """As it is now."""
        return cls(settings, running_pid(settings.data_dir), must_be_offline)

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir

    @property
    def database(self) -> Path:
        return self.data_dir / "appliance.sqlite3"

    @property
    def is_for_lan(self) -> bool:
        """Whether other machines are meant to reach it, as far as the settings say."""
        return self.settings.server.host not in ("localhost", "127.0.0.1", "::1")

    @cached_property
    def own_sockets(self) -> set[int]:
        """The inodes of the sockets that the process has open. Raises OSError where we may not."""
        found = set()
        for name in os.listdir(self.proc / str(self.pid) / "fd"):
            try:
                target = os.readlink(self.proc / str(self.pid) / "fd" / name)
            except FileNotFoundError:
                continue  # closed meanwhile
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
        return found

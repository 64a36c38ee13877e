"""A box to be looked at, with a /proc and an /etc in which a test plants what it likes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from appliance.doctor.patient import Patient
from appliance.settings import Settings

PID = 4242
HEAD = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode"
)
ESTABLISHED, LISTEN = "01", "0A"
FLAGS = "flags\t\t: fpu avx2 fma f16c avx512f"


def line(local: str, remote: str, state: str, inode: int) -> str:
    """As the kernel writes it, with addresses such as `0100007F:1F90`."""
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000  0  0 {inode} 1"


class Planted:
    """`process` is the box's folder in its /proc."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.proc, self.etc = folder / "proc", folder / "etc"
        self.data = folder / "data"
        self.process = self.proc / str(PID)
        settings.setdefault("hot", {"embedded": False})
        self.settings = Settings(data_dir=self.data, **settings)
        for each in (self.data, self.etc, self.process / "fd", self.proc / "self" / "net"):
            each.mkdir(parents=True)
        (self.process / "net").mkdir()
        (self.proc / "cpuinfo").write_text(FLAGS)
        (self.proc / "meminfo").write_text("MemTotal: 16000000 kB\n")
        self.interfaces("lo", "eth0")
        self.blocked(0)
        self.sockets(self.process / "net")
        self.sockets(self.proc / "self" / "net")

    def patient(self, *, runs: bool = False, **changes: Any) -> Patient:
        return Patient(
            self.settings, PID if runs else None, proc=self.proc, etc=self.etc, **changes
        )

    def sockets(self, net: Path, *lines: str, kind: str = "tcp") -> None:
        (net / kind).write_text("\n".join((HEAD, *lines)) + "\n")

    def opens(self, *inodes: int) -> None:
        """The box has these sockets."""
        for number, inode in enumerate(inodes):
            (self.process / "fd" / str(number)).symlink_to(f"socket:[{inode}]")

    def interfaces(self, *names: str) -> None:
        lines = [f"{name}: 0 0" for name in names]
        (self.process / "net" / "dev").write_text("\n".join(("a", "b", *lines)) + "\n")

    def blocked(self, count: int) -> None:
        (self.process / "net" / "snmp").write_text(f"Ip: Forwarding OutNoRoutes\nIp: 1 {count}\n")


def states(findings: Iterable[Any]) -> list[str]:
    return [str(each.state) for each in findings]

"""Whether anything can leave the box, and how well the service is fenced in."""

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from appliance.doctor.finding import Finding, fine, unknown, warning, wrong
from appliance.doctor.patient import Patient
from appliance.doctor.sockets import Socket, sockets

UNIT = "appliance.service"
WORST_EXPOSURE = 1.0
_SYSTEMD = Path("/run/systemd/system")


def outbound(patient: Patient) -> Finding:
    """No socket of the process leads outside; and whether the kernel would allow one."""
    if patient.pid is None:
        return unknown("The box does not run, so nothing leaves it.")
    net = patient.proc / str(patient.pid) / "net"
    own = patient.own_sockets
    mine = [each for each in sockets(net) if each.inode in own]
    served = {each.port for each in mine if each.listens}
    leaving = [each for each in mine if _leads_outside(each, served)]
    engine_port = _engine_port(patient)
    if others := [each for each in leaving if each.remote_port != engine_port]:
        return wrong(
            f"Connections of the box lead to {_shown(others)}.",
            "Stop it, and tell those who made it.",
        )
    if leaving:
        return fine(f"Connections lead to {_shown(leaving)}, which engine.url names.")
    if _is_closed(net):
        tries = blocked_attempts(net)
        says = "Nothing leaves: the kernel gives the process no network but its own loopback"
        if tries:
            return warning(
                f"{says}. {tries} attempts to leave were blocked.",
                "Something in it tries: see the log.",
            )
        return fine(f"{says}, and no attempt was blocked.")
    says = f"No connection leads outside ({len(mine)} sockets looked at)"
    if patient.must_be_offline:
        return warning(
            f"{says}; but nothing forbids one.",
            "Run it as a service: systemd/appliance.service takes its network away.",
        )
    return fine(f"{says}.", "As a service the kernel forbids it: systemd/appliance.service.")


def unit(patient: Patient) -> Finding:
    """systemd's own judgment of the service."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None or not _SYSTEMD.is_dir():
        return unknown("systemd does not run here, so there is no service.")
    done = subprocess.run(
        [analyze, "security", "--no-pager", UNIT],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return exposure(done.stdout)


def exposure(words: str) -> Finding:
    """What systemd-analyze says, as a finding."""
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", words)
    if found is None:
        return unknown(f"{UNIT} is not installed.")
    if float(found[1]) > WORST_EXPOSURE:
        return warning(
            f"systemd-analyze security gives {UNIT} {found[1]}; ours has less than "
            f"{WORST_EXPOSURE}.",
            f"See what was changed: systemctl cat {UNIT}",
        )
    return fine(f"systemd-analyze security gives {UNIT} {found[1]} (0 is best, 10 worst).")


def blocked_attempts(net: Path) -> int:
    """How often something in that namespace wanted to go where no way leads."""
    lines = [line.split() for line in (net / "snmp").read_text().splitlines()]
    names, values = [line for line in lines if line[0] == "Ip:"]
    count = int(values[names.index("OutNoRoutes")])
    try:
        for line in (net / "snmp6").read_text().splitlines():
            if line.startswith("Ip6OutNoRoutes"):
                count += int(line.split()[1])
    except FileNotFoundError:  # a kernel without IPv6
        pass
    return count


def _engine_port(patient: Patient) -> int | None:
    """Of the machine that answers instead, if there is one."""
    if patient.settings.engine.url is None:
        return None
    parts = urlsplit(patient.settings.engine.url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _shown(found: list[Socket]) -> str:
    return ", ".join(sorted({f"{each.remote} port {each.remote_port}" for each in found}))


def _leads_outside(each: Socket, served: set[int]) -> bool:
    """Not to this machine, and not somebody who came in by the door."""
    is_open = not each.remote.is_unspecified and not each.remote.is_loopback
    return is_open and each.port not in served


def _is_closed(net: Path) -> bool:
    """Whether its namespace has no interface but loopback."""
    lines = (net / "dev").read_text().splitlines()[2:]
    return {line.split(":")[0].strip() for line in lines} <= {"lo"}

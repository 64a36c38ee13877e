"""Whether the box can be reached: where it listens, on which port, under which name."""

import re
import shutil
import socket
import subprocess
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from appliance.doctor.finding import Finding, fine, unknown, warning, wrong
from appliance.doctor.patient import Patient
from appliance.doctor.sockets import Socket, sockets
from appliance.network.addresses import own_addresses, parsed
from appliance.network.doorplate import announced_name_file, what_is_served

ANSWER_SECONDS = 5.0

_NOT_RUNNING = "The box does not run."
_TO_LAN = (
    "If other devices are to reach it, start it with --lan, set server.host to ::, or enable "
    "appliance.socket."
)


def listening(patient: Patient) -> Finding:
    """127.0.0.1 or the LAN: what is wrong most often."""
    if patient.pid is None:
        return unknown(_NOT_RUNNING, "Start it, and look again.")
    places = _listeners(patient)
    if not places:
        return wrong("The process runs but listens nowhere.", "See its log, and restart it.")
    shown = ", ".join(sorted(f"{each.local} port {each.port}" for each in places))
    if all(each.local.is_loopback for each in places):
        says = f"It listens on {shown}: only this machine can reach it."
        if patient.is_for_lan:
            host = patient.settings.server.host
            return wrong(says, f"server.host is {host} by now: restart it. {_TO_LAN}")
        return fine(says, _TO_LAN)
    return fine(f"It listens on {shown}, for other machines, too.")


def port(patient: Patient) -> Finding:
    """Whether it answers there, or else whether the port is to be had."""
    number = patient.settings.server.port
    if patient.pid is not None:
        return _answers(patient)
    taken = [
        each for each in sockets(patient.proc / "self/net") if each.listens and each.port == number
    ]
    if number and taken:
        return wrong(
            f"Another program{_who(patient, taken[0])} listens on port {number}.",
            f"Stop it, or choose another one: server.port, or --port {number + 1}.",
        )
    return fine(f"Port {number} is free." if number else "Any free port is taken.")


def name(patient: Patient) -> Finding:
    """Whether NAME.local leads here."""
    if what_is_served(patient.data_dir) is None:
        return unknown("The box is not on the LAN now, so it has no name there.")
    try:
        announced = announced_name_file(patient.data_dir).read_text().strip()
    except OSError:
        return warning(
            "Nobody announces the box on the LAN; it can be reached by its address only.",
            "Run `appliance announce` beside it, or enable appliance-announce.service or avahi.",
        )
    try:
        found = {each[4][0] for each in socket.getaddrinfo(announced, None)}
    except OSError:
        return warning(
            f"{announced} is announced, and this machine cannot look it up.",
            "Others may: try it in a browser there. Here, install libnss-mdns.",
        )
    own = {*own_addresses(patient.proc / "self/net"), "127.0.0.1", "127.0.1.1", "::1"}
    if not {str(parsed(str(each))) for each in found} & own:
        return wrong(
            f"{announced} leads to {', '.join(sorted(map(str, found)))}, which is another machine.",
            "Give one of the two another name: server.names, or the machine's own.",
        )
    return fine(f"{announced} leads here.")


def firewall(patient: Patient) -> Finding:
    """Whether a rule keeps the LAN out, as far as rules may be read."""
    number = patient.settings.server.port
    if not patient.is_for_lan and what_is_served(patient.data_dir) is None:
        return fine("No other machine is to come in, so there is nothing to let through.")
    ufw = patient.etc / "ufw"
    if re.search(r"^ENABLED=yes", _text(ufw / "ufw.conf"), re.MULTILINE):
        rules = _text(ufw / "user.rules")
        if rules and not re.search(rf"--dport {number}\b|--dports \S*\b{number}\b", rules):
            return wrong(f"ufw lets nobody in on port {number}.", f"sudo ufw allow {number}/tcp")
        if rules:
            return fine(f"ufw has a rule for port {number}.")
    return _nftables(number)


def _answers(patient: Patient) -> Finding:
    listeners = _listeners(patient)
    if not listeners:
        return wrong("Nothing listens, so nothing answers.", "See the log of the box.")
    place = listeners[0]
    host = "127.0.0.1" if place.local.is_unspecified else str(place.local)
    connection = HTTPConnection(host, place.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"localhost:{place.port}"})
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return wrong(
            f"It does not answer on port {place.port} ({error}).", "See its log, and restart it."
        )
    finally:
        connection.close()
    if status != 200:
        return wrong(f"It answers {status} on port {place.port}.", "See its log.")
    return fine(f"It answers on port {place.port}.")


def _listeners(patient: Patient) -> list[Socket]:
    """In its own namespace, and in this one, where a socket that systemd handed over stays."""
    own = patient.own_sockets
    nets = (patient.proc / "self/net", patient.proc / str(patient.pid) / "net")
    found = {each.inode: each for net in nets for each in sockets(net) if each.inode in own}
    return [each for each in found.values() if each.listens]


def _who(patient: Patient, taken: Socket) -> str:
    """The program's name, if we may know."""
    for process in patient.proc.glob("[0-9]*"):
        try:
            if taken.inode in replace(patient, pid=int(process.name)).own_sockets:
                return f" ({(process / 'comm').read_text().strip()}, process {process.name})"
        except OSError:
            continue
    return ""


def _nftables(number: int) -> Finding:
    nft = shutil.which("nft") or shutil.which("nft", path="/usr/sbin:/sbin")
    if nft is None:
        return fine("No firewall was found here.")
    done = subprocess.run(
        [nft, "list", "ruleset"], capture_output=True, text=True, timeout=10, check=False
    )
    if done.returncode:
        return unknown("The firewall's rules may not be read.", "Look again as root.")
    drops = re.search(r"hook input [^;]*;\s*policy drop", done.stdout)
    if drops and not re.search(rf"\b{number}\b", done.stdout):
        return warning(
            f"nftables drops what comes in, and no rule names port {number}.",
            f"Let the LAN in: nft add rule inet filter input tcp dport {number} accept",
        )
    return fine("No rule keeps the LAN out, as far as can be seen here.")


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""

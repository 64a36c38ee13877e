"""The service in a booted machine: that it is fenced in, and that all of it works in there."""

import json
import re
import ssl
import subprocess
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import httpx
import pytest
from booted_machine import HERE, BootedMachine
from page_client import PageClient
from papers import pdf
from signed_in import COOKIES

pytestmark = [pytest.mark.slow, pytest.mark.model, pytest.mark.timeout(900)]

URL = "http://127.0.0.1:8080"
REFUSED = ("PermissionError", "OSError")


@pytest.fixture(scope="module")
def probed(machine: BootedMachine) -> dict[str, str]:
    """What a program could do inside exactly the fences of appliance.service."""
    unit = machine.run("systemctl", "cat", "appliance.service")
    service = unit.split("[Service]")[1].split("[Install]")[0]
    its_life = r"^(Type|NotifyAccess|ExecStart|ExecReload|Watchdog\w+|Restart\w*|Timeout\w+)=.*$"
    fences = re.sub(its_life, "", service, flags=re.M)
    # Its own one, which goes with it.
    fences = fences.replace("RuntimeDirectory=appliance\n", "RuntimeDirectory=probe\n")
    program = f"{HERE}/venv/bin/python -I /opt/appliance/tests/launched_probe.py"
    machine.write(
        "/run/systemd/system/probe.service",
        f"[Service]\nType=oneshot\nExecStart={program}\nStandardOutput=journal\n{fences}\n",
    )
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "probe.service", timeout_seconds=300)
    said = machine.run("journalctl", "-o", "cat", "-u", "probe.service").splitlines()
    outcomes: dict[str, str] = json.loads(next(line for line in said if line.startswith("{")))
    return outcomes


def test_the_service_is_ready_and_chats_by_the_pages_protocol(
    machine: BootedMachine, figures: Any
) -> None:
    assert machine.property_of("appliance.service", "ActiveState") == "active"
    assert machine.property_of("appliance.service", "StatusText").startswith("Ready: smollm2")

    def chat() -> str:
        with PageClient(URL) as page:
            return page.read_to_end(page.say("Say hello."))

    began = monotonic()
    assert machine.do(chat)
    figures.add(f"a chat by the page's protocol: {monotonic() - began:.1f} s")


@pytest.mark.parametrize("unit", ["appliance.service", "appliance-valkey.service"])
def test_the_running_units_are_as_safe_as_the_files_say(
    machine: BootedMachine, figures: Any, unit: str
) -> None:
    said = machine.run("systemd-analyze", "security", "--no-pager", unit)
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert exposure is not None, said
    figures.add(f"systemd-analyze security {unit}: {exposure[1]}")
    assert float(exposure[1]) <= 0.5


def test_the_process_itself_has_a_network_with_nothing_in_it(machine: BootedMachine) -> None:
    pid = machine.property_of("appliance.service", "MainPID")
    status = machine.run("cat", f"/proc/{pid}/status")
    for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapBnd:\t00000000"):
        assert line in status
    links = machine.run("nsenter", "-t", pid, "-n", "ip", "-brief", "link")
    assert [line.split()[0] for line in links.splitlines()] == ["lo"]
    assert (
        machine.run("nsenter", "-t", pid, "-n", "ip", "route", "show", "table", "all").count(
            "default"
        )
        == 0
    )


@pytest.mark.parametrize(
    "what",
    [
        *("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET"),
        *("a program that was written", "memory that was written", "a namespace"),
        *("/etc", "/root", "/dev/vda"),
    ],
)
def test_inside_the_same_fences_it_is_refused(probed: dict[str, str], what: str) -> None:
    assert not probed[what].startswith("done"), probed[what]


def test_inside_the_same_fences_there_is_nobody_else(probed: dict[str, str]) -> None:
    assert probed["seen in /proc/self/net"] == "done: ['lo']"
    assert probed["other processes"] == "done: 1"
    assert probed["AF_UNIX"].startswith("done")
    assert probed["another process"] == "done: -1"


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("a model in a child", "done: llama, True"),
        ("multilingual embedder", "done: 384"),
        ("english embedder with torch", "done: 384"),
    ],
)
def test_inside_the_same_fences_what_it_needs_works(
    probed: dict[str, str], what: str, expected: str
) -> None:
    assert probed[what] == expected


def test_systemds_valkey_is_found_and_used(machine: BootedMachine) -> None:
    assert machine.property_of("appliance-valkey.service", "ActiveState") == "active"
    pid = machine.property_of("appliance.service", "MainPID")
    # No Valkey of its own below it, and a connection to the other, whose network is its own, too.
    assert machine.run("pgrep", "-P", pid, "valkey-server", check=False) == ""

    def chat() -> str:
        with PageClient(URL) as page:
            return page.read_to_end(page.say("Say hello to Valkey."))

    assert machine.do(chat)
    valkey = machine.property_of("appliance-valkey.service", "MainPID")
    sockets = machine.run("nsenter", "-t", valkey, "-n", "ss", "-x", "-H")
    assert "/run/appliance-valkey/valkey.sock" in sockets


def test_documents_are_read_by_a_child_and_embedded(machine: BootedMachine, tmp_path: Path) -> None:
    """sqlite-vec, the embedder and the parser's child, in the real service."""
    file = tmp_path / "boiler.pdf"
    file.write_bytes(pdf(["The boiler in the cellar was made by Vaillant in 1987."]))
    place = "/var/lib/appliance/boiler.pdf"
    subprocess.run(
        ["nsenter", "-t", str(machine.leader), "-a", "/bin/sh", "-c", f"cat >{place}"],
        input=file.read_bytes(),
        check=True,
    )
    machine.run("chown", "appliance", place)
    machine.appliance("document", "add", place)
    embedded = "SELECT count(*) FROM chunks WHERE document_key IS NOT NULL AND embedded_in NOTNULL"
    assert comes_true(lambda: machine.stored(embedded)[0][0] > 0)


def test_torch_embeds_in_the_service_when_it_is_chosen(
    machine: BootedMachine, figures: Any
) -> None:
    machine.drop_in("Environment=APPLIANCE_RECALL__MODEL=english")
    try:
        spaces = (
            "SELECT count(*) FROM chunks JOIN spaces ON embedded_in = space_key "
            "WHERE spaces.name LIKE '%english%'"
        )
        assert comes_true(lambda: machine.stored(spaces)[0][0] > 0)
        peak = int(machine.property_of("appliance.service", "MemoryCurrent"))
        figures.add(f"memory of the service with torch: {peak / 1e6:.0f} MB")
        assert "english" in machine.run("systemctl", "show", "-p", "Environment", "appliance")
    finally:
        machine.drop_in("")


def test_it_speaks_tls_and_sends_on_what_comes_in_plain(machine: BootedMachine) -> None:
    machine.run("ip", "link", "add", "lan9", "type", "dummy")
    machine.run("ip", "addr", "add", "10.99.0.1/24", "dev", "lan9")
    machine.run("ip", "link", "set", "lan9", "up")
    machine.appliance("tls", "init")
    try:
        authority = machine.run("cat", "/var/lib/appliance/tls/authority.pem")
        trust = ssl.create_default_context(cadata=authority)

        def ask() -> tuple[httpx.Response, httpx.Response]:
            plain = httpx.get("http://10.99.0.1:8080/", cookies=COOKIES)
            secure = httpx.get("https://10.99.0.1:8080/", cookies=COOKIES, verify=trust)
            return plain, secure

        asked: list[tuple[httpx.Response, httpx.Response]] = []

        def is_on() -> bool:
            asked[:] = [machine.do(ask)]
            return asked[0][0].status_code == 308

        assert comes_true(is_on)
        ((plain, secure),) = asked
        assert plain.headers["location"] == "https://10.99.0.1:8080/"
        assert secure.status_code == 200
    finally:
        machine.appliance("tls", "remove")
        machine.run("ip", "link", "del", "lan9")


def comes_true(what: Any, within_seconds: float = 120) -> bool:
    """Asked again and again: nobody tells this side when a machine has got somewhere."""
    until, pause = monotonic() + within_seconds, Event()
    while monotonic() < until:
        try:
            if what():
                return True
        except httpx.HTTPError:
            pass
        pause.wait(0.5)
    return False

"""Another machine on the LAN: refused before the box is set up, and let in encrypted after."""

import http.client
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from appliance_process import ApplianceProcess
from click.testing import CliRunner
from signed_in import KEY
from two_machines import BOX_ADDRESS, IN_NAMESPACE, PHONE_ADDRESS, Lan

from appliance.cli.main import cli
from appliance.network.doorplate import Served, saying_what_is_served
from appliance.network.tls_folder import TlsFolder

NAMES = {
    "APPLIANCE_SERVER__NAMES": "box.local",
    "APPLIANCE_HOT__EMBEDDED": "false",
    # Nobody writes a reply here.
    "APPLIANCE_MODEL__NAME": "no-such-model",
}


class NewBox(ApplianceProcess):
    """One that nobody has set up."""

    is_prepared = False


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NAMES.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def served(lan: Lan, data: Path, named: None) -> Iterator[ApplianceProcess]:
    """A box that is set up, with a certificate, on the LAN."""
    made = CliRunner().invoke(cli, ["tls", "--data", str(data), "init"], catch_exceptions=False)
    assert made.exit_code == 0, made.output
    program = (IN_NAMESPACE, lan.box.name)
    with ApplianceProcess(data, "--lan", program=program) as box:
        yield box


def trust_in(data: Path) -> ssl.SSLContext:
    """A device on which the box's authority was installed, and no other."""
    pem = TlsFolder(data).authority_certificate()
    assert pem is not None
    return ssl.create_default_context(cadata=pem.decode())


def test_before_it_is_set_up_it_does_not_listen_for_others(
    lan: Lan, data: Path, named: None
) -> None:
    command = [sys.executable, IN_NAMESPACE, lan.box.name, "serve", "--lan", "--data", str(data)]
    refused = subprocess.run([*command, "--port", "0"], capture_output=True, text=True, timeout=100)
    assert refused.returncode == 78
    assert "not set up yet" in refused.stderr
    with NewBox(data, program=(IN_NAMESPACE, lan.box.name)) as box:
        here = lan.box.do(_status, "127.0.0.1", box.port)
        assert here in (200, 303)
        with pytest.raises(ConnectionRefusedError):
            lan.phone.ask(f"http://{BOX_ADDRESS}:{box.port}/")


def test_a_device_that_trusts_the_box_reaches_it_by_its_name(
    lan: Lan, data: Path, served: ApplianceProcess
) -> None:
    announced = lan.announce(lan.box, data)
    url = announced.wait_for("This box is").split()[3]
    assert url == f"https://box.local:{served.port}"
    assert lan.phone.resolve("box.local") == {BOX_ADDRESS}

    trust = trust_in(data)
    stranger = lan.phone.ask(f"{url}/", trust)
    assert (stranger.status, urlsplit(stranger.headers["location"]).path) == (303, "/sign-in")
    mine = lan.phone.ask(f"{url}/", trust, Cookie=f"__Host-sign-in={KEY}")
    assert mine.status == 200 and "composer" in mine.text
    assert mine.headers["strict-transport-security"] == "max-age=86400"
    by_address = lan.phone.ask(f"https://{BOX_ADDRESS}:{served.port}/", trust)
    assert by_address.status == 303 and "strict-transport-security" not in by_address.headers

    with pytest.raises(ssl.SSLCertVerificationError):
        lan.phone.ask(f"{url}/")
    in_plain = lan.phone.ask(f"http://box.local:{served.port}/")
    assert (in_plain.status, in_plain.headers["location"]) == (308, f"{url}/")
    assert lan.phone.ask(f"http://box.local:{served.port}/trust").status == 200
    assert lan.phone.ask(f"https://box.local:{served.port}/", trust, Host="evil.com").status == 400

    assert (data / "announced-name").read_text() == "box.local\n"
    assert announced.stop() == 0
    assert not (data / "announced-name").exists()
    assert lan.phone.resolve("box.local") == set()


def test_a_name_that_is_taken_is_left_to_whoever_had_it(
    lan: Lan, data: Path, tmp_path: Path, served: ApplianceProcess
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with saying_what_is_served(other, Served(8080)):
        lan.announce(lan.phone, other).wait_for("This box is http://box.local:8080")
        announced = lan.announce(lan.box, data)
        announced.wait_for("This box is https://box-2.local")
    assert f"box.local is taken by {PHONE_ADDRESS}." in "".join(announced.said)
    assert lan.phone.resolve("box-2.local") == {BOX_ADDRESS}
    url = f"https://box-2.local:{served.port}/"
    while True:  # the server looks for a new name every few seconds
        try:
            answer = lan.phone.ask(url, trust_in(data))
        except ssl.SSLCertVerificationError:
            continue
        if answer.status != 400:
            break
    assert answer.status == 303


def test_an_address_that_comes_later_is_announced_and_certified(
    lan: Lan, data: Path, served: ApplianceProcess
) -> None:
    lan.announce(lan.box, data).wait_for("This box is")
    subprocess.run(
        ["ip", "-n", lan.box.name, "addr", "add", "10.77.0.9/24", "dev", "lan0"], check=True
    )
    while "10.77.0.9" not in lan.phone.resolve("box.local"):
        pass
    url = f"https://10.77.0.9:{served.port}/"
    assert lan.phone.ask(url, trust_in(data), address="10.77.0.9").status == 303


def _status(host: str, port: int) -> int:
    with socket.create_connection((host, port), timeout=20) as plain:
        connection = http.client.HTTPConnection(host, port)
        connection.sock = plain
        connection.request("GET", "/")
        return connection.getresponse().status

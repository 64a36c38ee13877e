"""appliance tls: what it says and does, without a box that runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli.main import cli
from appliance.errors import CertificateRefused
from appliance.network.authority import facts_of
from appliance.network.tls_folder import TlsFolder

Run = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(data: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("HOME", str(data.parent))
    monkeypatch.setattr("socket.gethostname", lambda: "box")

    def run(*arguments: str, answer: str = "") -> Result:
        command = ["tls", "--data", str(data), *arguments]
        return CliRunner().invoke(cli, command, input=answer)

    return run


def refusal(result: Result) -> str:
    assert isinstance(result.exception, CertificateRefused)
    return str(result.exception)


def test_it_makes_an_authority_and_says_what_comes_next(run: Run, data: Path) -> None:
    said = run("init").output
    pem = TlsFolder(data).authority_certificate()
    assert pem is not None
    assert facts_of(pem).fingerprint in said
    assert "http://box.local:8080/trust" in said
    assert "PRIVATE" not in said


def test_it_does_not_make_another_one_by_mistake(run: Run, data: Path) -> None:
    run("init")
    before = TlsFolder(data).authority()
    assert "--again" in refusal(run("init"))
    assert TlsFolder(data).authority() == before
    run("init", "--again")
    assert TlsFolder(data).authority() != before


def test_it_shows_what_devices_are_to_compare(run: Run, data: Path) -> None:
    assert "tls init" in run("show").output
    run("init")
    pem = TlsFolder(data).authority_certificate()
    assert pem is not None
    said = run("show").output
    assert facts_of(pem).fingerprint in said
    assert "It may not speak for box:" in said  # a bare name is everybody's
    assert "made when the box is asked for it" in said


def test_removing_asks_first(run: Run, data: Path) -> None:
    run("init")
    assert run("remove", answer="n\n").exit_code != 0
    assert TlsFolder(data).is_there
    assert "Removed" in run("remove", answer="y\n").output
    assert not (data / "tls").exists()
    assert "tls init" in refusal(run("remove", answer="y\n"))


def test_there_is_nothing_to_renew_before_there_is_an_authority(run: Run) -> None:
    assert "tls init" in refusal(run("renew"))


def test_beside_a_certificate_of_one_s_own_none_is_made(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPLIANCE_SERVER__CERTIFICATE", "/etc/box.pem")
    monkeypatch.setenv("APPLIANCE_SERVER__CERTIFICATE_KEY", "/etc/box.key")
    assert "server.certificate" in refusal(run("init"))
    assert not TlsFolder(data).is_there
    assert "/etc/box.pem" in run("show").output

"""What the box's certificate authority may say, as OpenSSL and so browsers see it."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from appliance.errors import CertificateRefused
from appliance.network import authority as authority_module
from appliance.network.authority import (
    Pair,
    as_der,
    facts_of,
    issue,
    make_authority,
    speakable,
    today,
)

NAMES = ["localhost", "box", "box.local", "box.fritz.home", "10.0.0.9"]


@pytest.fixture(scope="module")
def authority() -> Pair:
    return make_authority("box.local", NAMES, today())


def shake_hands(server: Pair, authority: Pair, host: str, folder: Path) -> None:
    """What a browser does that opens https://HOST/. Raises SSLError."""
    file = folder / "server.pem"
    file.write_bytes(server.key + server.certificate)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(file)
    theirs = ssl.create_default_context(cadata=authority.certificate.decode())
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = theirs.wrap_bio(to_client, to_server, server_hostname=host)
    box = ours.wrap_bio(to_server, to_client, server_side=True)
    waiting = {client, box}
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.discard(side)
        if not waiting:
            return
    raise AssertionError("no end of the handshake")


@pytest.mark.parametrize(
    "host", ["box.local", "box.fritz.home", "localhost", "192.168.1.5", "127.0.0.1", "fd00::2"]
)
def test_a_device_that_trusts_it_believes_the_box(
    authority: Pair, tmp_path: Path, host: str
) -> None:
    server = issue(authority, NAMES, ["192.168.1.5", "127.0.0.1", "fd00::2"], today())
    shake_hands(server, authority, host, tmp_path)


def test_a_name_that_is_not_in_the_certificate_is_not_believed(
    authority: Pair, tmp_path: Path
) -> None:
    server = issue(authority, ["box.local"], [], today())
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, authority, "other.local", tmp_path)


@pytest.mark.parametrize("host", ["bank.example", "example.com", "203.0.113.4", "2001:db8::1"])
def test_nobody_believes_it_about_anything_else(
    authority: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Even when whoever has its key says so."""
    monkeypatch.setattr(authority_module, "speakable", lambda _, wanted: list(wanted))
    server = issue(authority, [host], [], today())
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(server, authority, host, tmp_path)


def test_it_leaves_out_what_it_may_not_speak_for(authority: Pair) -> None:
    wanted = ["box", "box.local", "evil.com", "kitchen.lan", "10.0.0.9", "203.0.113.4"]
    assert speakable(authority.certificate, wanted) == ["box.local", "kitchen.lan", "10.0.0.9"]
    facts = facts_of(issue(authority, wanted, ["8.8.8.8", "10.0.0.1"], today()).certificate)
    assert facts.names == {"box.local", "kitchen.lan"}
    assert facts.addresses == {"10.0.0.9", "10.0.0.1"}


def test_with_nothing_left_it_refuses(authority: Pair) -> None:
    with pytest.raises(CertificateRefused, match="tls init --again"):
        issue(authority, ["evil.com"], [], today())


def test_browsers_and_phones_take_its_times(authority: Pair) -> None:
    """At most 397 days, and valid already for a device whose clock is behind."""
    facts = facts_of(issue(authority, NAMES, [], today()).certificate)
    assert facts.expires_at - facts.begins_at == timedelta(days=397)
    assert facts.begins_at <= datetime.now(UTC) - timedelta(hours=23)
    whole = facts_of(authority.certificate)
    assert whole.expires_at - whole.begins_at == timedelta(days=3650)


def test_no_certificate_outlives_its_authority(authority: Pair) -> None:
    late = facts_of(authority.certificate).expires_at - timedelta(days=10)
    server = facts_of(issue(authority, NAMES, [], late).certificate)
    assert server.expires_at == facts_of(authority.certificate).expires_at


def test_it_can_sign_no_other_authority(authority: Pair) -> None:
    certificate = x509.load_pem_x509_certificate(authority.certificate)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical and constraints.value.path_length == 0
    names = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert names.critical
    permitted = [each.value for each in names.value.permitted_subtrees or ()]
    assert "box" not in permitted  # all of .box would be believed
    assert not any(ip_address("8.8.8.8") in each for each in permitted if not isinstance(each, str))


def test_two_boxes_have_two_authorities() -> None:
    first, second = (make_authority("box.local", NAMES, today()) for _ in range(2))
    assert facts_of(first.certificate).fingerprint != facts_of(second.certificate).fingerprint


def test_what_is_no_certificate_is_a_sentence() -> None:
    for wrong in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(CertificateRefused, match="tls init --again"):
            facts_of(wrong)
    assert as_der(make_authority("box.local", NAMES, today()).certificate)[:1] == b"\x30"

"""The certificate is always fit for the connection that asks for it."""

import os
import ssl
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from appliance.errors import CertificateRefused
from appliance.network import certificates as certificates_module
from appliance.network.authority import Facts, facts_of, issue, make_authority, today
from appliance.network.box_names import BoxNames
from appliance.network.certificates import (
    LOOK_SECONDS,
    PAUSE_SECONDS,
    RENEW_BEFORE,
    Certificates,
    turn_on,
)
from appliance.network.doorplate import say_announced_name
from appliance.network.tls_folder import TlsFolder


class Box:
    """A data directory and a clock."""

    def __init__(self, data_dir: Path, own: tuple[Path, Path] | None = None) -> None:
        self.data_dir = data_dir
        self.folder = TlsFolder(data_dir)
        self.now = today()
        self.seconds = 0.0
        self.names = BoxNames(["chat.lan"], data_dir, "box", clock=lambda: self.seconds)
        self.certificates = Certificates(
            data_dir,
            self.names,
            own,
            today=lambda: self.now,
            clock=lambda: self.seconds,
            addresses=lambda: ("192.168.1.5",),
        )

    def turn_on(self) -> None:
        turn_on(self.data_dir, self.names, self.now)

    async def connect(self, local: str = "192.168.1.5") -> ssl.SSLContext | None:
        return await self.certificates.context_for(local)

    async def connect_later(
        self, seconds: float = LOOK_SECONDS, local: str = "192.168.1.5"
    ) -> ssl.SSLContext | None:
        self.seconds += seconds
        return await self.connect(local)

    @property
    def facts(self) -> Facts:
        pem = self.folder.server.read_bytes()
        return facts_of(pem[pem.find(b"-----BEGIN CERTIFICATE") :])


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


async def test_there_is_none_until_it_is_turned_on(box: Box) -> None:
    box.certificates.open()
    assert await box.connect() is None
    assert not box.certificates.is_on


async def test_a_box_that_runs_takes_it_up(box: Box) -> None:
    await box.connect()
    box.turn_on()
    assert await box.connect_later() is not None
    assert box.certificates.is_on
    assert box.facts.names == {"box.local", "chat.lan", "localhost"}
    assert box.facts.addresses == {"192.168.1.5", "127.0.0.1", "::1"}


async def test_and_goes_without_it_when_it_is_removed(box: Box) -> None:
    box.turn_on()
    assert await box.connect() is not None
    box.folder.remove()
    assert await box.connect_later() is None
    assert not box.certificates.is_on


async def test_its_files_are_for_their_owner_alone(box: Box) -> None:
    box.turn_on()
    await box.connect()
    assert box.folder.path.stat().st_mode & 0o777 == 0o700
    files = list(box.folder.path.iterdir())
    assert {file.name for file in files} == {"authority.pem", "authority.key", "server.pem"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


async def test_without_a_change_it_stays_the_same(box: Box) -> None:
    box.turn_on()
    first = await box.connect()
    written = box.folder.server.stat().st_mtime_ns
    assert await box.connect_later(3600) is first
    assert box.folder.server.stat().st_mtime_ns == written


async def test_an_address_that_is_new_is_in_it_for_the_first_connection(box: Box) -> None:
    box.turn_on()
    await box.connect()
    await box.connect("10.0.0.7")  # at the same moment: nobody has to come twice
    assert {"10.0.0.7", "192.168.1.5"} <= box.facts.addresses


async def test_a_name_that_was_announced_comes_into_it(box: Box) -> None:
    box.turn_on()
    await box.connect()
    say_announced_name(box.data_dir, "box-2.local")
    await box.connect_later(5)
    assert {"box-2.local", "box.local"} <= box.facts.names


async def test_an_address_for_which_it_may_not_speak_changes_nothing(box: Box) -> None:
    box.turn_on()
    first = await box.connect()
    for _ in range(3):
        assert await box.connect("203.0.113.4") is first
    assert "203.0.113.4" not in box.facts.addresses


async def test_it_is_renewed_before_it_runs_out(box: Box) -> None:
    box.turn_on()
    first = await box.connect()
    end = box.facts.expires_at
    box.now = end - RENEW_BEFORE - timedelta(hours=1)
    assert await box.connect_later() is first
    box.now = end - RENEW_BEFORE + timedelta(hours=1)
    assert await box.connect_later() is not first
    assert box.facts.expires_at > end


async def test_at_its_authority_s_end_it_is_not_renewed_for_ever(box: Box) -> None:
    box.turn_on()
    box.now = facts_of(box.folder.authority().certificate).expires_at - timedelta(days=5)
    first = await box.connect()
    assert await box.connect_later() is first


async def test_when_it_is_forgotten_a_new_one_is_made(box: Box) -> None:
    box.turn_on()
    await box.connect()
    before = box.facts.fingerprint
    box.folder.forget_server()
    assert await box.connect_later() is not None
    assert box.facts.fingerprint != before


async def test_a_disk_that_is_full_leaves_the_old_one_in_use(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.turn_on()
    first = await box.connect()
    tries = 0

    def full(path: Path, content: bytes) -> None:
        nonlocal tries
        tries += 1
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("appliance.network.tls_folder.write_atomically", full)
        assert await box.connect("10.0.0.7") is first
        assert await box.connect_later(PAUSE_SECONDS / 2, "10.0.0.7") is first
        assert tries == 1  # nor does it try for every connection
    await box.connect_later(PAUSE_SECONDS, "10.0.0.7")
    assert "10.0.0.7" in box.facts.addresses


async def test_an_authority_without_its_key_is_a_sentence_at_the_start(box: Box) -> None:
    box.turn_on()
    (box.folder.path / "authority.key").unlink()
    with pytest.raises(CertificateRefused, match="tls init --again"):
        box.certificates.open()


# Files of one's own.


def write_own(folder: Path, now: datetime, name: str = "chat.lan") -> tuple[Path, Path]:
    pair = issue(make_authority("elsewhere.local", [], now), [name], [], now)
    certificate, key = folder / "own.pem", folder / "own.key"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    return certificate, key


async def test_files_of_one_s_own_are_used_and_read_anew(tmp_path: Path) -> None:
    box = Box(tmp_path / "data", write_own(tmp_path, today()))
    box.certificates.open()
    first = await box.connect()
    assert first is not None and box.certificates.is_on
    certificate, key = write_own(tmp_path, today())
    for file in (certificate, key):
        os.utime(file, (1, 1))
    assert await box.connect_later() is not first
    assert not box.folder.is_there


async def test_while_they_are_being_changed_the_old_ones_serve(tmp_path: Path) -> None:
    certificate, key = write_own(tmp_path, today())
    box = Box(tmp_path / "data", (certificate, key))
    box.certificates.open()
    first = await box.connect()
    old_key = key.read_bytes()
    write_own(tmp_path, today())
    new_key = key.read_bytes()
    key.write_bytes(old_key)
    os.utime(certificate, (1, 1))
    assert await box.connect_later() is first
    key.write_bytes(new_key)
    os.utime(key, (2, 2))
    assert await box.connect_later(2 * PAUSE_SECONDS) is not first


@pytest.mark.parametrize("damage", ["missing", "no key", "another key", "with a password"])
def test_files_that_cannot_be_used_are_a_sentence(tmp_path: Path, damage: str) -> None:
    certificate, key = write_own(tmp_path, today())
    if damage == "missing":
        certificate.unlink()
    elif damage == "no key":
        key.write_text("no key")
    elif damage == "another key":
        key.write_bytes(issue(make_authority("x.local", [], today()), ["a.lan"], [], today()).key)
    else:
        key.write_text(ENCRYPTED_KEY)
    with pytest.raises(CertificateRefused) as caught:
        Box(tmp_path / "data", (certificate, key)).certificates.open()
    assert str(certificate) in str(caught.value)
    assert certificates_module.__name__ not in str(caught.value)


ENCRYPTED_KEY = """\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBAAAAAAAAAAAAAAAAAA
-----END ENCRYPTED PRIVATE KEY-----
"""

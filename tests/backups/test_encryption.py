"""A backup locked with a passphrase: nothing of it can be read or changed without that."""

import io
import random
import tarfile
from functools import lru_cache
from pathlib import Path

import pyrage
import pytest
from stocked_box import FILES, WORDS, stock

from appliance.backups.encryption import Lock, is_locked, locked, unlocked
from appliance.backups.making import Plan, make
from appliance.backups.pace import InHurry
from appliance.backups.restoring import staged
from appliance.errors import BackupRefused

PASSPHRASE = "drei Schwäne und ein Reiher"


@pytest.fixture(scope="module")
def lock() -> Lock:
    return Lock(PASSPHRASE)


@pytest.fixture(scope="module")
def archive(stocked: Path) -> Path:
    return make(Plan(stocked, stocked.parent / "a.locked.tar", PASSPHRASE), InHurry()).path


def read(content: bytes, passphrase: str | None = PASSPHRASE) -> bytes:
    with unlocked(io.BytesIO(content), passphrase) as plain:
        return plain.read()


def test_no_word_and_no_key_stands_in_it(archive: Path) -> None:
    content = archive.read_bytes()
    assert WORDS.encode() not in content and b"PRIVATE KEY" not in content


def test_it_is_restored_with_the_page_s_key(archive: Path, tmp_path: Path) -> None:
    with staged(tmp_path / "data", archive, PASSPHRASE, InHurry()) as found:
        assert found.manifest.counts.messages == 2
        assert (found.folder / "page.key").read_bytes() == FILES["page.key"]


@pytest.mark.parametrize(
    ("passphrase", "said"), [(None, "locked: name the file"), ("swans", "not the passphrase")]
)
def test_without_the_passphrase_it_stays_closed(
    archive: Path, tmp_path: Path, passphrase: str | None, said: str
) -> None:
    with (
        pytest.raises(BackupRefused, match=said),
        staged(tmp_path / "data", archive, passphrase, InHurry()),
    ):
        pass


def test_age_alone_can_open_it(archive: Path, tmp_path: Path) -> None:
    """The steps that the README gives to somebody without this program."""
    with tarfile.open(archive) as outer:
        outer.extractall(tmp_path, filter="data")
    secret = pyrage.passphrase.decrypt((tmp_path / "key.age").read_bytes(), PASSPHRASE).decode()
    identity = pyrage.x25519.Identity.from_str(secret)
    plain = pyrage.decrypt((tmp_path / "backup.tar.age").read_bytes(), [identity])
    with tarfile.open(fileobj=io.BytesIO(plain)) as inner:
        assert "page.key" in inner.getnames()


def test_no_bit_of_it_may_flip_and_no_byte_be_missing(
    lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The same key is not opened again each time: that costs a second.
    once = lru_cache(pyrage.passphrase.decrypt)
    monkeypatch.setattr(pyrage.passphrase, "decrypt", once)
    file = io.BytesIO()
    with locked(file, lock) as body:
        body.write(b"words " * 50_000)
    content = file.getvalue()
    assert read(content) == b"words " * 50_000
    pick = random.Random(3)
    in_key = 512 + len(lock.key) - 10
    for at in [300, in_key, 900, *pick.sample(range(1024, len(content)), 20), len(content) - 1]:
        flipped = bytearray(content)
        flipped[at] ^= 1 << pick.randrange(8)
        with pytest.raises(BackupRefused):
            read(bytes(flipped))
    for length in (400, 2000, len(content) - 1):
        with pytest.raises(BackupRefused):
            read(content[:length])


def test_a_plain_one_needs_none(whole: Path) -> None:
    with whole.open("rb") as file:
        assert not is_locked(file)
        with unlocked(file, None) as plain:
            assert plain is file


def test_what_is_raised_while_it_is_written_comes_out_and_nothing_hangs(lock: Lock) -> None:
    with pytest.raises(KeyError, match="mine"), locked(io.BytesIO(), lock) as body:
        body.write(b"x" * 1_000_000)
        raise KeyError("mine")


def test_a_disk_that_is_full_is_a_sentence(tmp_path: Path) -> None:
    from appliance.errors import BackupError

    data = stock(tmp_path / "data")
    with pytest.raises(BackupError, match="cannot be read or written"):
        make(Plan(data, Path("/dev/full/x.tar"), None), InHurry())

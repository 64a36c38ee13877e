"""A file that is not, byte for byte, a backup as we write it: refused, and nothing is unpacked."""

import io
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from appliance.backups import manifest as manifests
from appliance.backups.manifest import Counts, Manifest, Member
from appliance.backups.pace import InHurry
from appliance.backups.tar import END, TarReader, TarWriter, header, padding
from appliance.backups.unpacking import unpack
from appliance.errors import BackupRefused

CONTENT = b"SQLite format 3\0" * 100


def a_manifest(**changes: object) -> Manifest:
    from hashlib import sha256

    member = Member("appliance.sqlite3", len(CONTENT), sha256(CONTENT).hexdigest())
    whole = Manifest(1, "0.1.0", 1, 0, "tiny", Counts(), [member])
    return msgspec.structs.replace(whole, **changes)


def an_archive(manifest: Manifest, content: bytes = CONTENT) -> bytes:
    file = io.BytesIO()
    writer = TarWriter(file, manifest)
    for member in manifest.members:
        writer.begin(member)
        writer.piece(content)
        writer.end(member)
    writer.close()
    return file.getvalue()


def read(archive: bytes) -> Manifest:
    reader = TarReader(io.BytesIO(archive))
    for member in reader.manifest.members:
        for _ in reader.content(member):
            pass
    reader.finish()
    return reader.manifest


def test_what_we_write_we_read_and_so_does_everybody_elses_tar() -> None:
    archive = an_archive(a_manifest())
    assert read(archive) == a_manifest()
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        assert opened.extractfile("appliance.sqlite3").read() == CONTENT  # type: ignore[union-attr]


def test_no_bit_of_it_may_flip_and_no_byte_be_missing_or_too_many() -> None:
    archive = an_archive(a_manifest())
    pick = random.Random(7)
    for at in [*range(0, 1600, 3), *pick.sample(range(len(archive)), 300), len(archive) - 1]:
        flipped = bytearray(archive)
        flipped[at] ^= 1 << pick.randrange(8)
        with pytest.raises(BackupRefused):
            read(bytes(flipped))
    for length in [0, 1, 511, 512, 513, *pick.sample(range(len(archive)), 50), len(archive) - 1]:
        with pytest.raises(BackupRefused):
            read(archive[:length])
    with pytest.raises(BackupRefused):
        read(archive + b"\0")


@pytest.mark.parametrize(
    "name",
    [
        "../appliance.sqlite3",
        "/etc/passwd",
        "documents/../../../etc/cron.d/x",
        "documents/" + "d" * 31,
        "documents/" + "d" * 32 + "/x",
        "tls/other.pem",
        "models/model.gguf",
        "appliance.lock",
        "",
        "documents/\u0430" + "d" * 31,
    ],
)
def test_a_name_that_no_backup_has_is_refused(name: str) -> None:
    members = [*a_manifest().members, Member(name, 0, "0" * 64)]
    with pytest.raises(BackupRefused, match="no backup of an appliance"):
        read(an_archive(a_manifest(members=members)))


def no_database(whole: Manifest) -> Manifest:
    return msgspec.structs.replace(whole, members=[])


def twice(whole: Manifest) -> Manifest:
    return msgspec.structs.replace(whole, members=[*whole.members, *whole.members])


def negative(whole: Manifest) -> Manifest:
    (member,) = whole.members
    return msgspec.structs.replace(
        whole, members=[msgspec.structs.replace(member, size_bytes=-512)]
    )


@pytest.mark.parametrize("change", [no_database, twice, negative])
def test_a_list_that_cannot_be_is_refused(change: Callable[[Manifest], Manifest]) -> None:
    content, _ = manifests.encoded(change(a_manifest()))
    with pytest.raises(BackupRefused):
        manifests.decoded(content)


def test_a_later_kind_says_which_version_made_it() -> None:
    content = b'{"format": 2, "appliance": "9.0", "colour": "red"}'
    with pytest.raises(BackupRefused, match=r"made by appliance 9\.0"):
        manifests.decoded(content)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, b"S", b"x"])
def test_a_member_that_is_no_plain_file_is_refused(kind: bytes) -> None:
    whole = a_manifest()
    archive = an_archive(whole)
    entry = tarfile.TarInfo("appliance.sqlite3")
    entry.size, entry.mode, entry.type, entry.linkname = len(CONTENT), 0o600, kind, "/etc/passwd"
    ours = header("appliance.sqlite3", len(CONTENT))
    assert archive.count(ours) == 1
    with pytest.raises(BackupRefused, match="was changed"):
        read(archive.replace(ours, entry.tobuf(tarfile.GNU_FORMAT)[-512:]))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04" + bytes(2000),
        b"SQLite format 3\0" + bytes(4096),
        bytes(10_000),
        header("other.json", 3) + b"{} " + padding(3) + END,
        header(f"manifest-{'0' * 64}.json", 1 << 40) + bytes(512),
        header(f"manifest-{'0' * 64}.json", 2) + b"{}" + padding(2) + END,
    ],
)
def test_another_file_is_no_backup(content: bytes) -> None:
    with pytest.raises(BackupRefused):
        read(content)


def test_a_promise_of_more_than_the_disk_holds_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    """There is no bomb: what is unpacked is what stands there, and it is asked for room first."""
    from appliance.errors import BackupError

    (member,) = a_manifest().members
    vast = a_manifest(members=[msgspec.structs.replace(member, size_bytes=1 << 49)])
    file = io.BytesIO()
    TarWriter(file, vast)
    file.seek(0)
    with pytest.raises(BackupError, match="no room"):
        unpack(file, tmp_path / "out", None, InHurry())
    assert list(tmp_path.iterdir()) == []

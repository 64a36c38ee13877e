"""A bundle is made, carried, refused for a changed byte, and installed from."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from machine_folder import installer
from small_bundle import small_bundle

from appliance.errors import BundleRefused, InstallationError
from appliance.installation.bundle.carried_installer import write_installer
from appliance.installation.bundle.manifest import Manifest, Member, read_manifest
from appliance.installation.bundle.opening import opened_bundle, unpack
from appliance.installation.bundle.signature import SIZE, hash_of, key_from, signed_hash
from appliance.installation.bundle.signing import load_key, make_key, sign
from appliance.installation.places import Places
from appliance.installation.project import copy_project, release_of
from appliance.installation.releases import running

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Manifest]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return small_bundle(tmp_path_factory.mktemp("made"), monkeypatch, model=b"weights")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "machine")


def nothing_unpacked(places: Places) -> bool:
    return not places.releases.exists() or not list(places.releases.iterdir())


def test_a_bundle_brings_project_wheels_models_checksums_and_a_list_of_parts(
    made: tuple[Path, str, Manifest], places: Places
) -> None:
    file, key, manifest = made
    with opened_bundle(places, file, key) as payload:
        assert release_of(payload.project) == release_of(PROJECT) == manifest.release
        assert payload.wheels is not None
        lines = (payload.wheels / "requirements.txt").read_text().splitlines()
        assert [line.split(" --hash=sha256:")[0] for line in lines] == [
            "llama-cpp-python==0.3.36",
            "one-package==1.0",
        ]
        ((model,),) = (payload.models,)
        assert (model.name, model.file.read_bytes()) == ("small", b"weights")
        assert os.access(payload.project / "scripts/install", os.X_OK)
        parts = json.loads((payload.project.parent / "sbom.json").read_bytes())
    assert (parts["bomFormat"], parts["specVersion"]) == ("CycloneDX", "1.6")
    assert [(each["type"], each["name"]) for each in parts["components"]] == [
        ("library", "llama-cpp-python"),
        ("library", "one-package"),
        ("machine-learning-model", "small"),
    ]
    for each in parts["components"][:2]:
        assert each["licenses"] == [{"expression": "MIT"}]
        (digest,) = each["hashes"]
        assert digest["content"] in {member.sha256 for member in manifest.files.values()}
    assert nothing_unpacked(places)


def test_the_box_is_installed_from_it_and_the_key_is_known_from_then_on(
    made: tuple[Path, str, Manifest], places: Places, tmp_path: Path
) -> None:
    file, key, manifest = made
    with pytest.raises(InstallationError, match=r"Which key must have signed box.bundle"):
        open_it(places, file, None)
    with opened_bundle(places, file, key) as payload:
        installer(places.root).install(replace(payload, models=()))
    found = running(places)
    assert found is not None
    assert found.name == manifest.release
    open_it(places, file, None)
    other = tmp_path / "other.bundle"
    other.write_bytes(file.read_bytes()[:-SIZE])
    make_key(tmp_path / "other.key")
    sign(other, load_key(tmp_path / "other.key"), "by somebody else")
    with pytest.raises(BundleRefused, match=r"bundles for this machine are signed with"):
        open_it(places, other, None)


def open_it(places: Places, file: Path, key: str | None) -> None:
    with opened_bundle(places, file, key):
        pass


def test_a_changed_byte_anywhere_is_refused_before_anything_is_unpacked(
    made: tuple[Path, str, Manifest], places: Places, tmp_path: Path
) -> None:
    file, key, _ = made
    whole = file.read_bytes()
    changed = tmp_path / "changed.bundle"
    # All of the signature, and the rest at places far and near.
    spots = [*range(len(whole) - SIZE, len(whole)), *range(0, len(whole) - SIZE, len(whole) // 40)]
    for spot in spots:
        with changed.open("wb") as copy:
            copy.write(whole[:spot] + bytes([whole[spot] ^ 1]) + whole[spot + 1 :])
        with changed.open("rb") as opened, pytest.raises(BundleRefused):
            signed_hash(opened, changed.name, key_from(key))
    with pytest.raises(BundleRefused, match=r"is not what was signed.*Nothing of it was unpacked"):
        open_it(places, changed, key)
    assert nothing_unpacked(places)


@pytest.mark.parametrize("length", [0, 1, SIZE - 1, SIZE, -1, -SIZE])
def test_one_that_is_cut_short_or_has_more_at_its_end_is_refused(
    made: tuple[Path, str, Manifest], places: Places, tmp_path: Path, length: int
) -> None:
    file, key, _ = made
    cut = tmp_path / "cut.bundle"
    for content in (file.read_bytes()[:length], file.read_bytes() + bytes(abs(length) + 1)):
        cut.write_bytes(content)
        with pytest.raises(BundleRefused):
            open_it(places, cut, key)
    assert nothing_unpacked(places)


def signed(file: Path, key: Path, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as tar:
        for member, content in members:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))
    sign(file, load_key(key), "a comment")


def link_to(target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo("inside")
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "./in", "a//b", "."])
def test_a_list_that_names_a_place_outside_is_refused(name: str) -> None:
    listed = Manifest("1-0", "p", "3.11", "2", (), files={name: Member(1, "0" * 64)})
    with pytest.raises(BundleRefused, match="outside"):
        read_manifest(listed.written())


@pytest.mark.parametrize(
    "member",
    [tarfile.TarInfo("../outside"), tarfile.TarInfo("not listed"), link_to("/etc/passwd")],
    ids=["outside", "unlisted", "link"],
)
def test_what_is_not_in_the_list_is_never_written_even_if_it_is_signed(
    tmp_path: Path, member: tarfile.TarInfo
) -> None:
    make_key(tmp_path / "key")
    file, folder = tmp_path / "file", tmp_path / "into" / "here"
    folder.mkdir(parents=True)
    listed = Manifest("1-0", "p", "3.11", "2", (), files={"inside": Member(1, "0" * 64)})
    signed(file, tmp_path / "key", (member, b"x"))
    with file.open("rb") as bundle, pytest.raises(BundleRefused):
        digest = hash_of(bundle, file.stat().st_size - SIZE)
        unpack(bundle, folder, listed, digest, "file")
    assert not list(folder.iterdir())
    assert not (tmp_path / "into/outside").exists()


def test_a_bundle_that_changes_between_check_and_unpacking_is_refused(
    made: tuple[Path, str, Manifest], tmp_path: Path
) -> None:
    file, _, manifest = made
    with file.open("rb") as bundle, pytest.raises(BundleRefused, match="not what was signed"):
        unpack(bundle, tmp_path, manifest, b"of another moment", "file")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"platform": "linux-riscv64"}, "is for linux-riscv64, and this is linux-x86_64"),
        ({"libc": "9.99"}, r"needs glibc 9\.99, and here is glibc"),
        ({"cpu": ("avx1024",)}, "built for another processor: this one lacks avx1024"),
    ],
)
def test_a_bundle_for_another_machine_says_for_which(
    made: tuple[Path, str, Manifest], change: dict[str, object], words: str
) -> None:
    _, _, manifest = made
    with pytest.raises(InstallationError, match=words):
        replace(manifest, **change).check_machine()  # type: ignore[arg-type]
    manifest.check_machine()


def test_a_full_disk_leaves_nothing_behind(
    made: tuple[Path, str, Manifest], places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    file, key, _ = made
    monkeypatch.setattr("appliance.installation.bundle.opening._write", full)
    with pytest.raises(InstallationError, match=r"No space left on device\. Make room in"):
        open_it(places, file, key)
    assert nothing_unpacked(places)
    assert not places.bundle_key.exists()


def test_the_installer_beside_it_needs_nothing_but_python(
    made: tuple[Path, str, Manifest], tmp_path: Path
) -> None:
    file, key, _ = made
    program = tmp_path / "box.bundle.installer"
    write_installer(PROJECT, program)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", str(program), "install", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    done = run()
    assert done.returncode == 1
    assert done.stderr == "Name the bundle that comes with this installer: --bundle FILE\n"
    changed = tmp_path / "changed"
    changed.write_bytes(file.read_bytes()[:-1] + b"x")
    done = run("--root", str(tmp_path / "machine"), "--bundle", str(changed), "--key", key)
    assert done.returncode == 1
    assert done.stderr.startswith("changed is not what was signed")


@pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not installed here")
def test_minisign_itself_finds_the_signature_good(
    made: tuple[Path, str, Manifest], tmp_path: Path
) -> None:
    """By the very line that the README has."""
    file, key, manifest = made
    line = (
        f"head -c -{SIZE} {file} > b && tail -c {SIZE} {file} | head -4 > b.minisig && "
        f"minisign -Vm b -P {key}"
    )
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Signature and comment signature verified" in done.stdout
    assert f"Trusted comment: appliance {manifest.release} linux-x86_64" in done.stdout


def test_a_key_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "keys/bundle.key"
    public = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert key_from(public.words) == public
    (tmp_path / "key.pub").write_bytes(public.file)
    assert key_from(str(tmp_path / "key.pub")) == public
    with pytest.raises(InstallationError, match="There is a key"):
        make_key(path)
    path.chmod(0o644)
    with pytest.raises(InstallationError, match="can be read by others"):
        load_key(path)
    for wrong in ("", "RW", "x" * 56, public.words[:-4]):
        with pytest.raises(InstallationError, match="That is no key"):
            key_from(wrong)


def test_what_is_left_of_an_interrupted_one_goes_with_the_next(
    made: tuple[Path, str, Manifest], places: Places
) -> None:
    file, key, _ = made
    copy_project(PROJECT, places.releases / ".bundle-interrupted" / "project")
    open_it(places, file, key)
    assert nothing_unpacked(places)

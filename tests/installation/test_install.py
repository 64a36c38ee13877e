"""The box is put into a folder that stands for a machine, and taken off again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from machine_folder import PROJECT, installer, linked_environment, project

from appliance.errors import InstallationError
from appliance.installation.install import Installer
from appliance.installation.one_at_a_time import held
from appliance.installation.payload import Payload
from appliance.installation.places import Places
from appliance.installation.project import release_of
from appliance.installation.releases import Release, all_releases, running
from appliance.installation.services import NoServices
from appliance.installation.uninstall import uninstall

NOBODY = NoServices()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "machine")


def all_files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "venv" not in path.parts and "__pycache__" not in path.parts
    }


def test_an_installation_is_a_version_a_link_units_and_the_setup_link(places: Places) -> None:
    words = installer(places.root).install(Payload(PROJECT))
    release = running(places)
    assert release is not None
    assert release.name == release_of(PROJECT)
    assert os.readlink(places.current) == release.name
    assert (places.units / "appliance.service").read_bytes() == (
        release.folder / "systemd/appliance.service"
    ).read_bytes()
    assert words[0] == f"Version {release.name} is installed in {release.folder}."
    assert words[1].startswith("Set up the box: http://localhost:8080/setup/")
    done = subprocess.run(
        [str(release.python), "-I", "-m", "appliance", "version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("appliance ")
    # Nobody but the owner may change what the service runs.
    assert not [path for path in release.folder.rglob("*.py") if path.stat().st_mode & 0o022]


def test_a_second_installation_changes_nothing(places: Places) -> None:
    installer(places.root).install(Payload(PROJECT))
    before = all_files(places.root)
    words = installer(places.root).install(Payload(PROJECT))
    assert "was installed already" in words[0]
    assert all_files(places.root) == before


def test_another_version_is_refused_and_led_to_the_update(places: Places, tmp_path: Path) -> None:
    installer(places.root).install(Payload(PROJECT))
    with pytest.raises(InstallationError, match="start scripts/update"):
        installer(places.root).install(project(tmp_path / "newer", "9"))
    assert len(all_releases(places)) == 1


def test_an_interrupted_installation_is_no_version_and_is_finished_by_the_next(
    places: Places,
) -> None:
    def cut_off(release: Release, wheels: Path | None, python: str | None) -> None:
        (release.folder / "venv").mkdir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Installer(places, NOBODY, cut_off, needed_bytes=0).install(Payload(PROJECT))
    assert (running(places), all_releases(places)) == (None, [])
    (half,) = [path for path in places.releases.iterdir() if path.is_dir()]
    (half / "appliance/__init__.py").write_text("half")  # as a power cut may leave it
    installer(places.root).install(Payload(PROJECT))
    assert [each.folder for each in all_releases(places)] == [half]


def test_two_installations_at_once_are_one_and_a_refusal(places: Places) -> None:
    with (
        held(places.lock),
        pytest.raises(InstallationError, match=rf"at work .*process {os.getpid()}\)"),
    ):
        installer(places.root).install(Payload(PROJECT))


def test_a_project_that_changes_while_it_is_copied_is_not_installed(
    places: Places, tmp_path: Path
) -> None:
    payload = project(tmp_path / "project")

    def meanwhile(release: Release, wheels: Path | None, python: str | None) -> None:
        linked_environment(release, wheels, python)
        (release.folder / "README.md").write_text("of another moment")

    with pytest.raises(InstallationError, match="changed while it was copied"):
        Installer(places, NOBODY, meanwhile, needed_bytes=0).install(payload)
    assert all_releases(places) == []


def test_too_little_room_is_said_with_numbers_before_anything_is_written(places: Places) -> None:
    with pytest.raises(InstallationError, match=r"about 1000000\.0 GB are needed .* are free"):
        Installer(places, NOBODY, linked_environment, needed_bytes=10**15).install(Payload(PROJECT))
    assert not places.current.exists()


def test_uninstalling_keeps_what_people_said(places: Places) -> None:
    installer(places.root).install(Payload(PROJECT))
    before = all_files(places.data)
    assert "appliance.sqlite3" in before
    (words,) = uninstall(places, NOBODY)
    assert f"still in {places.data}" in words
    assert all_files(places.data) == before
    assert [str(path.relative_to(places.root)) for path in places.root.rglob("appliance*")] == [
        "var/lib/appliance",
        *(f"var/lib/appliance/{name}" for name in os.listdir(places.data) if "appl" in name),
    ]


def test_only_the_word_deletes_what_people_said(places: Places) -> None:
    installer(places.root).install(Payload(PROJECT))
    for word in ("", "yes"):
        with pytest.raises(InstallationError, match="Nothing was removed"):
            uninstall(places, NOBODY, word)
    assert running(places) is not None
    uninstall(places, NOBODY, "everything")
    assert not [path for path in places.root.rglob("*") if path.is_file()]
    with pytest.raises(InstallationError, match="There is no box"):
        uninstall(places, NOBODY)


def run_script(name: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROJECT / "scripts" / name), *arguments],
        env={"PATH": os.environ["PATH"], "PYTHON": sys.executable, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_installer_needs_nothing_but_python() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from appliance.installation.command_line import main; sys.exit(main(['install', '-h']))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(PROJECT)], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_whoever_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    for work in (Installer(Places(), NOBODY).install, lambda _: uninstall(Places(), NOBODY)):
        with pytest.raises(InstallationError, match="start it as root"):
            work(Payload(PROJECT))


def test_a_machine_without_systemd_is_led_to_the_other_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("appliance.installation.machine.SYSTEMD", tmp_path / "no")
    with pytest.raises(InstallationError, match=r"systemd does not run .* scripts/run"):
        Installer(Places(), NOBODY).install(Payload(PROJECT))


def test_another_kind_of_computer_is_named(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(InstallationError, match="this is Linux riscv64"):
        installer(places.root).install(Payload(PROJECT))
    assert not places.root.exists()


def test_what_another_processor_was_built_for_is_refused_by_name(places: Places) -> None:
    with pytest.raises(InstallationError, match="this one lacks avx1024, warp_drive"):
        installer(places.root).install(Payload(PROJECT, cpu=("avx1024", "warp_drive")))
    assert all_releases(places) == []


def test_the_script_without_a_terminal_does_not_take_silence_for_a_word(tmp_path: Path) -> None:
    places = Places(tmp_path)
    installer(tmp_path).install(Payload(PROJECT))
    done = run_script("uninstall", "--root", str(tmp_path), "--data")
    assert done.returncode == 1
    assert "Nothing was removed" in done.stderr
    assert running(places) is not None
    done = run_script("uninstall", "--root", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert running(places) is None

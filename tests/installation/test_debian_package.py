"""The Debian package, built by dpkg's own tools and looked at by Debian's own checker."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from machine_folder import PROJECT, linked_environment
from small_bundle import small_wheel

from appliance.installation.bundle import wheels
from appliance.installation.bundle.debian_package import make_package
from appliance.installation.bundle.making import Ingredients
from appliance.installation.bundle.opening import brought_by_package
from appliance.installation.install import Installer
from appliance.installation.places import Places
from appliance.installation.project import release_of
from appliance.installation.releases import running
from appliance.installation.services import NoServices

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="this is no Debian")


def ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")

    def fetched(*arguments: str) -> None:
        if "-r" in arguments:
            small_wheel(Path(arguments[3]), "one_package", "1.0")

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(wheels, "_pip", fetched)
        llama = small_wheel(folder, "llama_cpp_python", "0.3.36")
        make_package(folder / "appliance.deb", Ingredients(PROJECT, {}, llama))
    return folder / "appliance.deb"


def test_its_version_is_the_releases_and_it_needs_the_python_of_its_wheels(package: Path) -> None:
    fields = ask("dpkg-deb", "--field", str(package))
    assert f"Version: {release_of(PROJECT).replace('-', '+')}\n" in fields
    major, minor = wheels.this_python().split(".")
    assert f"python3 (>= 3.{minor}), python3 (<< {major}.{int(minor) + 1}), python3-venv" in fields


def test_all_of_it_is_roots_and_nothing_is_writable_for_others(package: Path) -> None:
    lines = ask("dpkg-deb", "--contents", str(package)).splitlines()
    assert lines
    for line in lines:
        mode, owner = line.split()[:2]
        assert (owner, mode[5], mode[8]) == ("root/root", "-", "-"), line


def test_what_dpkg_unpacks_is_what_its_script_installs(package: Path, tmp_path: Path) -> None:
    ask("dpkg-deb", "--extract", str(package), str(tmp_path / "unpacked"))
    library = tmp_path / "unpacked/usr/lib/appliance"
    assert os.access(library / "project/scripts/installed-by-package", os.X_OK)
    places = Places(tmp_path / "machine")
    Installer(places, NoServices(), linked_environment, 0).install(brought_by_package(library))
    found = running(places)
    assert found is not None
    assert found.name == release_of(PROJECT)


def test_its_scripts_are_shell_that_sh_reads(package: Path, tmp_path: Path) -> None:
    ask("dpkg-deb", "--control", str(package), str(tmp_path))
    for name in ("postinst", "prerm", "postrm"):
        assert os.access(tmp_path / name, os.X_OK)
        ask("sh", "-n", str(tmp_path / name))


@pytest.mark.skipif(shutil.which("lintian") is None, reason="lintian is not installed here")
def test_lintian_finds_no_error(package: Path) -> None:
    command = ["lintian", "--fail-on", "error", "--allow-root", str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

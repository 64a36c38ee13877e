"""The units are such as systemd understands, and stay fenced in."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
SYSTEMDS_OWN = Path("/usr/lib/systemd/system")
PROGRAM = "/opt/appliance/current/venv/bin/python"
FOR_THE_BOX = {"appliance-gpu.conf", "appliance-engine-url.conf"}
"""Drop-ins of appliance.service, of which a machine has as many as it needs."""
WORST = {
    ("appliance.service", ""): 0.5,
    ("appliance-valkey.service", ""): 0.5,
    ("appliance.service", "appliance-gpu.conf"): 1.0,
    # It has a way to one machine, and no fence can hide that.
    ("appliance.service", "appliance-engine-url.conf"): 1.0,
    ("appliance-announce.service", ""): 1.5,
    ("appliance-backup.service", ""): 1.5,
}

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed here"
)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A root directory with nothing in it but systemd's units, ours and what they run."""
    shutil.copytree(SYSTEMDS_OWN, tmp_path / "usr/lib/systemd/system", symlinks=True)
    place = tmp_path / "etc/systemd/system"
    place.mkdir(parents=True)
    for unit in UNITS.glob("appliance*.*"):
        if unit.suffix in (".service", ".socket", ".timer"):
            shutil.copy(unit, place)
    for program in (PROGRAM, "/bin/sh", "/bin/kill"):
        file = tmp_path / program.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(0o755)
    readme = tmp_path / "opt/appliance/current/README.md"
    shutil.copy(ROOT / "README.md", readme)
    return tmp_path


def with_drop_in(root: Path, unit: str, drop_in: str) -> None:
    folder = root / "etc/systemd/system" / f"{unit}.d"
    folder.mkdir()
    shutil.copy(UNITS / drop_in, folder)


@pytest.mark.parametrize("drop_in", ["", *sorted(FOR_THE_BOX)])
def test_systemd_understands_every_line(installed: Path, drop_in: str) -> None:
    if drop_in:
        with_drop_in(installed, "appliance.service", drop_in)
    units = sorted(each.name for each in (installed / "etc/systemd/system").glob("appliance*.*"))
    units = [each for each in units if not each.endswith(".d")]
    done = analyze("verify", f"--root={installed}", "--man=no", *units)
    # What systemd's own units miss in so empty a root is nothing that we wrote.
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "appliance" in line]
    assert ours == []


@pytest.mark.parametrize(("unit", "drop_in"), list(WORST))
def test_the_fences_are_not_lowered(installed: Path, unit: str, drop_in: str) -> None:
    if drop_in:
        with_drop_in(installed, unit, drop_in)
    done = analyze("security", f"--root={installed}", "--offline=true", unit)
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure is not None, done.stderr
    assert float(exposure[1]) <= WORST[unit, drop_in]


def test_every_directive_has_its_reason_beside_it() -> None:
    """At least one comment line in each paragraph; in the long list of fences a few say it for
    some that belong together.
    """
    for unit in UNITS.glob("appliance*.*"):
        paragraphs = re.split(r"\n\s*\n|\n(?=\[)", unit.read_text())
        silent = [each for each in paragraphs if "=" in each and "#" not in each]
        allowed = [each for each in silent if re.search(r"^(\[Install\]|WantedBy)", each, re.M)]
        described = [each for each in silent if "Description=" in each]
        assert [each for each in silent if each not in allowed + described] == [], unit.name


def test_a_restart_of_the_service_leaves_its_socket_open() -> None:
    """PartOf= would close it, and whoever comes meanwhile would be refused."""
    text = (UNITS / "appliance.socket").read_text()
    assert not re.search(r"^(PartOf|BindsTo)=", text, re.M)


def analyze(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)

"""The units are such as systemd understands, and stay fenced in."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
WORST_EXPOSURE = 1.5
SERVICES = ["appliance.service", "appliance-announce.service", "appliance-backup.service"]

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed here"
)


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """Except that the program lies elsewhere on this machine."""
    names = [*SERVICES, "appliance.socket", "appliance-backup.timer"]
    for name in names:
        text = (UNITS / name).read_text()
        (tmp_path / name).write_text(re.sub(r"ExecStart=\S+", f"ExecStart={sys.executable}", text))
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_the_fences_are_not_lowered(name: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(UNITS / name)],
        capture_output=True,
        text=True,
        check=True,
    )
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure is not None
    assert float(exposure[1]) <= WORST_EXPOSURE

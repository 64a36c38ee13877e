"""The unit that ends an update which a power cut began to end."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
NAME = "appliance-recover.service"
WORST_EXPOSURE = 2.0
"""It becomes another user and writes where programs lie; more than that it may not."""

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed here"
)


def analyze(*arguments: str) -> str:
    command = ["systemd-analyze", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_systemd_understands_it(tmp_path: Path) -> None:
    text = (UNITS / NAME).read_text()
    unit = tmp_path / NAME
    unit.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={sys.executable}", text))
    assert analyze("verify", str(unit)) == ""


def test_it_is_fenced_in_as_far_as_its_work_allows() -> None:
    said = analyze("security", "--offline=true", str(UNITS / NAME))
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert exposure is not None
    assert float(exposure[1]) <= WORST_EXPOSURE

"""appliance doctor, on a box that runs and on one that does not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from appliance_process import ApplianceProcess
from stocked_box import stock

from appliance.doctor import checks
from appliance.doctor.finding import State, exit_status, fine, unknown, warning, wrong
from appliance.doctor.patient import Patient
from appliance.settings import Settings


def doctor(data: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "doctor", "--data", str(data), *arguments],
        env={
            **os.environ,
            "APPLIANCE_CONFIG": "",
            "APPLIANCE_HOT__EMBEDDED": "false",
            "APPLIANCE_SERVER__PORT": "0",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def by_name(words: str) -> dict[str, Any]:
    return {each["check"]: each for each in json.loads(words)}


def test_a_box_that_runs_is_looked_at_while_it_runs(tmp_path: Path) -> None:
    data = stock(tmp_path / "data")
    nothing = {"APPLIANCE_HOT__EMBEDDED": "false"}
    with ApplianceProcess(data, "--model", "no-such-model", **nothing) as process:
        process.wait_for("No model yet: ")
        status, words = doctor(data, "--json")
        found = by_name(words)
        assert list(found) == list(checks.CHECKS)
        assert found["port"]["says"] == f"It answers on port {process.port}."
        assert "only this machine" in found["listening"]["says"]
        assert found["database"]["state"] == "fine"
        assert found["outbound"]["state"] == "fine"
        assert found["backups"]["says"] == "There is no backup."
        assert status >= 1
        _, words = doctor(data, "--offline", "--json")
        assert "nothing forbids one" in by_name(words)["outbound"]["says"]


def test_a_box_that_does_not_run_is_looked_at_as_well(tmp_path: Path) -> None:
    data = stock(tmp_path / "data")
    (data / "appliance.sqlite3").write_bytes(b"not a database at all" * 1000)
    status, words = doctor(data)
    assert status == 2
    assert "wrong: database: The database is damaged" in words
    assert "unknown: listening: The box does not run." in words


def test_what_it_ends_with() -> None:
    assert exit_status([fine("."), unknown(".")]) == 0
    assert exit_status([fine("."), warning(".", "")]) == 1
    assert exit_status([warning(".", ""), wrong(".", "")]) == 2


@pytest.mark.parametrize("error", [PermissionError("no"), ValueError("what"), OSError("disk")])
def test_a_check_that_stumbles_is_no_end_of_the_others(tmp_path: Path, error: Exception) -> None:
    def stumbles(_: Patient) -> Any:
        raise error

    found = checks.look(Patient(Settings(data_dir=tmp_path)), stumbles)
    assert found.state is State.UNKNOWN and str(error) in found.says

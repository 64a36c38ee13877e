"""appliance key, on a box that runs and on one that does not."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import signed_in
from appliance_process import ApplianceProcess

NO_MODEL = ("--model", "no-such-model")
KEY = re.compile("appliance_[0-9a-f]{64}\n")


def run(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appliance", "key", *arguments, "--data", str(data)],
        env={**os.environ, "APPLIANCE_CONFIG": "", "APPLIANCE_HOT__EMBEDDED": "false"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(params=["runs", "does not run"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "data"
    if request.param == "does not run":
        signed_in.prepare(directory)
        yield directory
        return
    with ApplianceProcess(directory, *NO_MODEL, APPLIANCE_HOT__EMBEDDED="false") as process:
        process.wait_for("No model yet: ")
        yield directory


def test_a_key_is_printed_alone_listed_without_it_and_revoked(data: Path) -> None:
    made = run(data, "make", "my editor", "--scope", "chat", "--scope", "read", "--days", "30")
    assert (made.returncode, made.stderr) == (0, "")
    assert KEY.fullmatch(made.stdout)
    listed = run(data, "list").stdout
    assert made.stdout.strip() not in listed
    assert listed.startswith(made.stdout[:14])
    assert "my editor  (chat read; made 2" in listed and "never used, ends 2" in listed
    assert run(data, "revoke", "my editor").stdout == "The key my editor is revoked.\n"
    assert run(data, "list").stdout == "me has no keys.\n"


def test_what_cannot_be_done_is_a_sentence(tmp_path: Path) -> None:
    signed_in.prepare(tmp_path)
    done = run(tmp_path, "make", "x", "--scope", "metrics")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Only an administrator's" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_there_are_several_people_it_is_said_whose(tmp_path: Path) -> None:
    signed_in.prepare(tmp_path)
    signed_in.prepare(tmp_path, "ann")
    refused = run(tmp_path, "make", "editor")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--person (me, ann)" in refused.stderr
    assert KEY.fullmatch(run(tmp_path, "make", "editor", "--person", "ann").stdout)


@pytest.mark.model
def test_a_key_made_here_opens_the_box_that_runs_until_it_is_revoked_here(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with ApplianceProcess(data, *NO_MODEL, APPLIANCE_HOT__EMBEDDED="false") as process:
        process.wait_for("No model yet: ")
        secret = run(data, "make", "editor", "--scope", "read").stdout.strip()
        shown = {"Authorization": f"Bearer {secret}"}
        url = f"{process.url}/data/exports/json"
        assert httpx.get(url, headers=shown).status_code == 200
        run(data, "revoke", secret[:14])
        assert httpx.get(url, headers=shown).status_code == 401
        assert secret not in process.log

"""`appliance model use` on a box that runs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from appliance_process import ApplianceProcess
from program import key_of, shown

from appliance.data_dir import open_data_dir, running_pid, say_who_runs
from appliance.settings_engine import DEFAULT_MODEL

pytestmark = pytest.mark.model


def run(data: Path, *words: object) -> str:
    command = [sys.executable, "-m", "appliance", "model", *map(str, words), "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_running_box_changes_over_when_its_replies_are_done(tmp_path: Path, tiny: Path) -> None:
    data = tmp_path / "data"
    run(data, "add", tiny, "--yes", "--name", "tiny")
    with ApplianceProcess(data) as box:
        box.wait_ready()
        asked = {"model": "default", "stream": True, "max_tokens": 300, "temperature": 0}
        asked["messages"] = [{"role": "user", "content": "Tell me a very long story."}]
        url = f"{box.url}/v1/chat/completions"
        headers = shown(key_of(data))
        with httpx.stream("POST", url, json=asked, headers=headers, timeout=60) as reply:
            lines = reply.iter_lines()
            assert any('"content":"' in line for line in lines)
            assert "as soon as the replies" in run(data, "use", "tiny")
            box.wait_for("the model changes")
            *_, last = [line for line in lines if line]
        assert last == "data: [DONE]"
        box.wait_for("the model has changed")
        (model,) = httpx.get(f"{box.url}/v1/models", headers=headers).json()["data"]
        assert model["id"] == "tiny"
        short = {**asked, "stream": False, "max_tokens": 2}
        again = httpx.post(url, json=short, headers=headers, timeout=60)
        assert again.json()["model"] == "tiny"
        assert httpx.get(f"{box.url}/readyz").status_code == 200

        run(data, "use", DEFAULT_MODEL)
        box.wait_for("the model has changed", after=1)
        os.kill(box.pid, signal.SIGHUP)  # once more changes nothing
        back = httpx.post(url, json=short, headers=headers, timeout=60)
        assert back.json()["model"] == DEFAULT_MODEL
        assert box.stop() == 0
    assert "from the next start on" in run(data, "use", DEFAULT_MODEL)


def test_the_one_who_runs_is_known_only_while_it_runs(tmp_path: Path) -> None:
    assert running_pid(tmp_path) is None
    with open_data_dir(tmp_path):
        assert running_pid(tmp_path) is None, "it does not listen yet"
        say_who_runs(tmp_path)
        assert running_pid(tmp_path) == os.getpid()
    assert running_pid(tmp_path) is None
    with open_data_dir(tmp_path):
        assert running_pid(tmp_path) is None, "an earlier one is not taken for this one"

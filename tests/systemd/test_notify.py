"""What the real process tells its service manager, and when."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from page_client import PageClient
from played_systemd import Service

pytestmark = pytest.mark.model


def test_ready_comes_from_the_process_itself_and_not_before_the_model_has_answered(
    tmp_path: Path,
) -> None:
    hang = tmp_path / "hang"
    hang.touch()
    with Service(tmp_path, is_odd=True, ODD_HANG=str(hang)) as service:
        service.wait_told("EXTEND_TIMEOUT_USEC", after=3)
        assert not service.having("READY")
        hang.unlink()
        service.wait_told("READY", "1")
        assert service.count('"completion_tokens": 1') == 1
        assert {each.pid for each in service.told} == {service.pid}
        assert service.having("STATUS", "smollm2-135m-instruct")
        found = subprocess.run(["pgrep", "-P", str(service.pid)], capture_output=True, text=True)
        children = found.stdout.split()
        assert children, "there is a Valkey at least"
        for child in children:
            assert b"NOTIFY_SOCKET" not in Path(f"/proc/{child}/environ").read_bytes()


def test_a_box_without_a_model_is_ready_and_says_what_lacks(tmp_path: Path) -> None:
    with Service(tmp_path, "--model", "no-such-model", watchdog_seconds=1) as service:
        service.wait_told("READY", "1")
        assert service.wait_told("STATUS", "No model: ").fields["STATUS"].count("no-such-model")
        lives = len(service.having("WATCHDOG"))
        service.wait_told("WATCHDOG", after=lives + 2)


def test_starts_that_come_to_nothing_are_further_and_further_apart(tmp_path: Path) -> None:
    (tmp_path / "failed-starts").write_text("6")
    with Service(tmp_path) as service:
        service.wait_told("STATUS", "6 starts came to nothing; resting 2 s")
        assert service.having("EXTEND_TIMEOUT_USEC")
        service.wait_told("READY", "1")
        assert not (tmp_path / "failed-starts").exists()


def test_the_status_says_what_it_is_doing_to_the_end(tmp_path: Path) -> None:
    short = {"APPLIANCE_LIMITS__REPLY_TOKENS": "100"}
    with Service(tmp_path, watchdog_seconds=1, **short) as service:
        service.wait_told("READY", "1")
        with PageClient(service.url) as page:
            turn = page.say("Write a very long story about the sea.")
            service.wait_told("STATUS", "1 replies running, 0 waiting")
            page.read_to_end(turn)
        service.wait_told("STATUS", "0 replies running, 0 waiting")
        # Another model may have been chosen: a reload, with the time at which it began.
        os.kill(service.pid, signal.SIGHUP)
        reloading = service.wait_told("RELOADING", "1")
        assert 0 < int(reloading.fields["MONOTONIC_USEC"]) <= reloading.at * 1e6
        service.wait_told("READY", "1", after=1)
        os.kill(service.pid, signal.SIGTERM)
        service.wait_told("STOPPING", "1")
        assert service.wait_end() == 0

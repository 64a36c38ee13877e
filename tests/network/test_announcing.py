"""The process that announces; what it announces is tested between two machines, in tests/lan."""

import subprocess
import sys
from pathlib import Path

from appliance.network.doorplate import (
    Served,
    say_announced_name,
    saying_what_is_served,
    what_is_served,
)


def test_it_ends_with_the_server_beside_which_it_was_started(tmp_path: Path) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as server:
        command = [sys.executable, "-m", "appliance", "announce", "--beside", str(server.pid)]
        # What `scripts/run` hands on, which is the server's.
        command += ["--lan", "--port", "0", "--data", str(tmp_path), "--model", "a-model"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as beside:
            server.terminate()
            server.wait(30)
            said, _ = beside.communicate(timeout=60)
    assert (beside.returncode, said) == (0, b"")


def test_what_is_served_is_said_while_it_is(tmp_path: Path) -> None:
    assert what_is_served(tmp_path) is None
    with saying_what_is_served(tmp_path, Served(8080)):
        assert what_is_served(tmp_path) == Served(8080)
    assert what_is_served(tmp_path) is None
    (tmp_path / "served.json").write_text("{")
    assert what_is_served(tmp_path) is None


def test_the_files_between_the_two_are_their_owner_s(tmp_path: Path) -> None:
    say_announced_name(tmp_path, "box.local")
    with saying_what_is_served(tmp_path, Served(8080)):
        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}

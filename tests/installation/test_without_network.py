"""The real thing: a bundle with all packages, installed and asked where there is no network.

Minutes, and gigabytes: not among the tests that run each time. LLAMA_WHEEL names a wheel
of llama-cpp-python that was built before; without it, it is built for every processor first.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from machine_folder import PROJECT

from appliance.installation.bundle.wheels import this_python

SYSTEM_PYTHON = shutil.which(f"/usr/bin/python{this_python()}")
WHEEL = os.environ.get("LLAMA_WHEEL")
APPLIANCE = [sys.executable, "-m", "appliance", "bundle"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a network namespace"),
    pytest.mark.skipif(SYSTEM_PYTHON is None, reason="the system has another Python"),
]


def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), **more}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("bundle")
    key = folder / "bundle.key"
    words = run(*APPLIANCE, "key", "--key", str(key)).stdout.strip()
    wheel = ("--llama-wheel", WHEEL) if WHEEL else ()
    made = run(*APPLIANCE, "create", str(folder / "box.bundle"), "--key", str(key), *wheel)
    assert made.returncode == 0, made.stdout + made.stderr
    print(made.stdout.splitlines()[-2])
    return folder / "box.bundle", words


def without_network(*command: str) -> subprocess.CompletedProcess[str]:
    """Where there is no interface but loopback."""
    script = 'ip link set lo up && exec "$@"'
    return run("unshare", "--net", "sh", "-euc", script, "sh", *command, PYTHONPATH="")


def test_where_there_is_no_network_the_box_installs_and_answers(
    bundle: tuple[Path, str], tmp_path: Path
) -> None:
    file, key = bundle
    installer = (str(SYSTEM_PYTHON), "-I", "-S", f"{file}.installer", "install")
    asked = (*installer, "--root", str(tmp_path), "--bundle", str(file), "--key", key)
    done = without_network(*asked)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Set up the box: http://localhost:8080/setup/" in done.stdout
    python = tmp_path / "opt/appliance/current/venv/bin/python"
    said = without_network(
        *(str(python), "-I", "-m", "appliance", "ask", "Say hello.", "--max-tokens", "8")
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.strip()
    again = without_network(*asked)
    assert "was installed already" in again.stdout


def test_one_changed_byte_in_it_is_enough_to_refuse_it(
    bundle: tuple[Path, str], tmp_path: Path
) -> None:
    file, key = bundle
    changed = tmp_path / "box.bundle"
    shutil.copyfile(file, changed)
    with changed.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        byte = opened.read(1)
        opened.seek(-1, os.SEEK_CUR)
        opened.write(bytes([byte[0] ^ 1]))
    installer = (str(SYSTEM_PYTHON), "-I", "-S", f"{file}.installer", "install")
    done = without_network(
        *(*installer, "--root", str(tmp_path / "machine"), "--bundle", str(changed), "--key", key)
    )
    assert done.returncode == 1
    assert "is not what was signed" in done.stderr
    assert not (tmp_path / "machine").exists()

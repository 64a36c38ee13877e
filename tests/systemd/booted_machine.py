"""This machine's own root, booted by its own systemd as a throw-away: nothing that happens in there
is written anywhere. It has a network of its own.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from ctypes import CDLL, get_errno
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parents[2]
HERE = Path("/opt/appliance/test")
"""Where the project lies in there, as an installation would put it."""
AS_ITS_OWNER = ("runuser", "-u", "appliance", "--", "env", "-C", "/", "-i", "PATH=/usr/bin:/bin")
BOOT_SECONDS = 90
_CLONE_NEWNET = 0x40000000

Answer = TypeVar("Answer")


class CannotBoot(Exception):
    """Why there is no such machine here."""


class BootedMachine:
    """Booted on making; `stop` halts it. `boot.log` is in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._folder = folder
        _look_around()
        try:
            self._boot()
        except BaseException:
            self.stop()
            raise
        self._inside = ThreadPoolExecutor(16, initializer=self._enter_network)
        self._stack.callback(self._inside.shutdown)

    def run(self, *command: str, check: bool = True, timeout_seconds: float = 120) -> str:
        """What a command says in there, by root."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.leader), "-a", *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
        )
        said = done.stdout + done.stderr
        assert not check or done.returncode == 0, (
            f"{command} ended with {done.returncode}: {said[-3000:]}"
        )
        return said.strip()

    def shell(self, script: str, check: bool = True) -> str:
        return self.run("/bin/sh", "-euc", script, check=check)

    def write(self, path: str, text: str) -> None:
        """A file in there, with its folder."""
        command = f'mkdir -p "$(dirname {path})" && cat >{path}'
        subprocess.run(
            ["nsenter", "-t", str(self.leader), "-a", "/bin/sh", "-euc", command],
            input=text,
            text=True,
            check=True,
        )

    def property_of(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", "-p", name, unit)

    def do(self, step: Callable[..., Answer], *args: Any) -> Answer:
        """Something that opens sockets, done on its network by a thread of this process."""
        return self._inside.submit(step, *args).result(timeout=600)

    def begin(self, step: Callable[..., Any], *args: Any) -> Any:
        """The same without waiting for it: a future."""
        return self._inside.submit(step, *args)

    def appliance(self, *words: str, check: bool = True) -> str:
        """The command line, as whoever looks after the box uses it."""
        program = (f"{HERE}/venv/bin/python", "-I", "-m", "appliance", *words)
        return self.run(*AS_ITS_OWNER, "STATE_DIRECTORY=/var/lib/appliance", *program, check=check)

    def stored(self, sql: str) -> list[list[Any]]:
        """What the database file holds, seen from outside."""
        script = (
            "import json, sqlite3, sys; "
            "db = sqlite3.connect('file:/var/lib/appliance/appliance.sqlite3?mode=ro', uri=True); "
            "print(json.dumps(db.execute(sys.argv[1]).fetchall()))"
        )
        rows: list[list[Any]] = json.loads(self.run("python3", "-c", script, sql))
        return rows

    def drop_in(self, text: str) -> None:
        """More lines for [Service]; none takes them out again. The service is started anew."""
        place = "/run/systemd/system/appliance.service.d/test.conf"
        if text:
            self.write(place, f"[Service]\n{text}\n")
        else:
            self.run("rm", "-f", place)
        self.run("systemctl", "daemon-reload")
        self.run("systemctl", "restart", "appliance.service", timeout_seconds=300)

    def install(self) -> None:
        """The project as it stands here, with the packages that run this test."""
        for name in ("appliance", "web", "models", "systemd", "README.md"):
            self._copy(ROOT / name, HERE)
        python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        site = f"{HERE}/venv/lib/{python}/site-packages"
        self._copy(ROOT / "tests" / "signed_in.py", Path("/opt/appliance/tests"))
        for file in (ROOT / "tests" / "systemd").glob("launched_*.py"):
            self._copy(file, Path("/opt/appliance/tests"))
        self.write(f"{site}/appliance.pth", f"{HERE}\n{HERE}/packages\n")
        self.write(f"{HERE}/venv/pyvenv.cfg", f"home = {HERE}/python/bin\n")
        units = " ".join(f"{HERE}/systemd/{name}" for name in ("*.service", "*.socket"))
        for line in (
            f"mkdir -p {HERE}/venv/bin /etc/sysusers.d",
            f"ln -sfn {HERE}/python/bin/{python} {HERE}/venv/bin/python",
            f"ln -sfn {HERE} /opt/appliance/current",
            "chmod a+rx /opt /opt/appliance",
            f"cd {HERE} && chmod -R a+rX appliance web models systemd venv ../tests",
            f"cp {HERE}/systemd/sysusers.d/appliance.conf /etc/sysusers.d/",
            # The loader looks for Python's own library where it was built, which may be in a home.
            f"echo {HERE}/python/lib >/etc/ld.so.conf.d/00-appliance.conf && ldconfig",
            "systemd-sysusers",
            f"cp {units} /etc/systemd/system/",
            "systemctl daemon-reload",
            # Where the unit would make it; somebody is to be in there before the first start.
            "install -d -o appliance -g appliance -m 700 /var/lib/appliance",
        ):
            self.shell(line)
        self.run(
            *(*AS_ITS_OWNER, f"PYTHONPATH={HERE}:{HERE}/packages:/opt/appliance/tests"),
            *(f"{HERE}/venv/bin/python", "-c"),
            "import signed_in, pathlib; signed_in.prepare(pathlib.Path('/var/lib/appliance'))",
        )

    def stop(self) -> None:
        self._stack.close()

    def _copy(self, source: Path, target: Path) -> None:
        pack = ["tar", "-C", str(source.parent), "-c", "--exclude=__pycache__", source.name]
        script = f"mkdir -p {target} && tar -C {target} -x --no-same-owner"
        unpack = ["nsenter", "-t", str(self.leader), "-a", "/bin/sh", "-euc", script]
        with subprocess.Popen(pack, stdout=subprocess.PIPE) as packing:
            subprocess.run(unpack, stdin=packing.stdout, check=True)

    def _boot(self) -> None:
        root = self._folder / "root"
        root.mkdir()
        _ordered("mount", "--bind", "/", str(root))
        self._stack.callback(subprocess.run, ["umount", "-l", str(root)], check=False)
        # This test's own Python, at a place that the fences let be seen: they hide homes.
        python, packages = sys.base_prefix, sysconfig.get_paths()["platlib"]
        # Without these capabilities and that call no address is refused in there, silently.
        command = (
            *("systemd-nspawn", "-b", "-D", str(root), "--volatile=overlay", "--register=no"),
            *("--keep-unit", "--private-network", "--console=pipe", "--capability=all"),
            *("--kill-signal=SIGRTMIN+3", "--system-call-filter=bpf"),
            *(f"--machine=appliance-{os.getpid()}", f"--bind-ro={packages}:{HERE}/packages"),
            f"--bind-ro={python}:{HERE}/python",
        )
        log = self._stack.enter_context((self._folder / "boot.log").open("wb"))
        nspawn = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        )
        self._stack.callback(_halt, nspawn)
        deadline = threading.Event()
        timer = threading.Timer(BOOT_SECONDS, deadline.set)
        timer.start()
        self._stack.callback(timer.cancel)
        while not self._is_up(nspawn):
            if nspawn.poll() is not None or deadline.wait(0.2):
                raise CannotBoot(self._log())
        timer.cancel()

    def _is_up(self, nspawn: "subprocess.Popen[bytes]") -> bool:
        children = subprocess.run(
            ["pgrep", "-P", str(nspawn.pid)], capture_output=True, text=True
        ).stdout.split()
        if not children:
            return False
        self.leader = int(children[0])
        state = self.run("systemctl", "is-system-running", check=False)
        return state in ("running", "degraded")

    def _log(self) -> str:
        return (self._folder / "boot.log").read_text(errors="replace")[-2000:]

    def _enter_network(self) -> None:
        place = os.open(f"/proc/{self.leader}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if CDLL(None, use_errno=True).setns(place, _CLONE_NEWNET) != 0:
                raise OSError(get_errno(), "setns")
        finally:
            os.close(place)


def _look_around() -> None:
    """Raises CannotBoot."""
    if os.getuid() != 0:
        raise CannotBoot("only root may boot a machine")
    for program in ("systemd-nspawn", "nsenter", "systemctl", "ip"):
        if shutil.which(program) is None:
            raise CannotBoot(f"{program} is not installed here (apt install systemd-container)")


def _ordered(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise CannotBoot(f"{' '.join(command)}: {done.stderr.strip()}")


def _halt(nspawn: "subprocess.Popen[bytes]") -> None:
    if nspawn.poll() is None:
        nspawn.send_signal(signal.SIGTERM)
        try:
            nspawn.wait(30)
        except subprocess.TimeoutExpired:
            nspawn.kill()
            nspawn.wait()

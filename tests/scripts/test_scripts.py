"""The scripts, run for real in a copy of the tree, with a Python that only notes its orders."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    "scripts/run",
    "scripts/test",
    "scripts/lock",
    "scripts/bench",
    "scripts/torture",
    "scripts/install",
    "scripts/uninstall",
    "scripts/update",
    "scripts/build-deb",
    "scripts/installed-by-package",
    ".ci/run",
]
TOOLS = "sh cat cksum chmod cp cut date df dirname du flock grep head id mkdir rm tail touch uname"

FAKE_PYTHON = """\
#!/bin/sh
here=$(dirname "$0")
case "$*" in
*version_info*) echo "${FAKE_VERSION:-3.11}" ;;
*ensurepip*) exit "${FAKE_VENV_MISSING:-0}" ;;
*_base_executable*) echo "$FAKE_BASE" ;;
"-m venv --clear "*)
    echo "venv" >>"$CALLS"
    rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
"-m pip install "*)
    echo "${*#-m pip install --disable-pip-version-check --retries 2 --log }" >>"$CALLS"
    case "$*" in *"${FAKE_FAILS_AT:-nothing}"*) echo "$FAKE_LOG" >"$8"; exit 1 ;; esac
    case "$*" in *"${FAKE_WAITS_AT:-nothing}"*) echo here >"$ARRIVED"; read -r _ <"$GO_ON" ;; esac
    case "$*" in *built.txt*) echo "  [1/2] Building CXX object"; echo "  [2/2] Linking" ;; esac
    for name in appliance ruff mypy; do
        printf '#!/bin/sh\\necho %s "$@"\\n' "$name" >"$here/$name"
        chmod +x "$here/$name"
    done ;;
*) echo "python $*" ;;
esac
"""


class Machine:
    """A copy of the scripts on a machine of our making."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a box"  # with a space, as people have them
        self.bin = folder / "bin"
        self.calls_file = folder / "calls"
        for name in ("scripts", ".ci", "requirements"):
            shutil.copytree(ROOT / name, self.root / name)
        shutil.copy(ROOT / "pyproject.toml", self.root)
        self.bin.mkdir()
        for name in TOOLS.split():
            (self.bin / name).symlink_to(shutil.which(name) or "missing")
        self.program("python3", FAKE_PYTHON)
        for name in ("cc", "c++", "chromium"):
            self.program(name, "#!/bin/sh\n")
        self.environment = {
            "PATH": str(self.bin),
            "HOME": str(folder),
            "CALLS": str(self.calls_file),
            "FAKE_BASE": str(self.bin / "python3"),
        }

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def without(self, *names: str) -> None:
        for name in names:
            (self.bin / name).unlink()

    def command(self, script: str, *arguments: str) -> list[str]:
        return [str(self.root / script), *arguments]

    def run(
        self, script: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(script, *arguments),
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def calls(self) -> list[str]:
        """What pip and venv were asked since the last look, without pip's log file."""
        if not self.calls_file.exists():
            return []
        log = f"{self.root}/.venv/set-up/pip.log "
        lines = self.calls_file.read_text().replace(log, "").replace(f"{self.root}/", "")
        self.calls_file.unlink()
        return lines.splitlines()


PYTEST = "python -m pytest -n auto --maxprocesses 4 --dist loadfile"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


LOCKED = "--require-hashes --no-deps --only-binary :all: -r requirements/{}.txt"
BUILT = "-v --require-hashes --no-deps --no-build-isolation -r requirements/built.txt"
TORCH = ["--no-deps torch==2.13.0", "torch==2.13.0"]


def test_a_first_start_sets_everything_up_and_hands_its_arguments_on(machine: Machine) -> None:
    done = machine.run("scripts/run", "--port", "0", "--data", "a folder")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "appliance serve --port 0 --data a folder"
    assert machine.calls() == [
        "venv",
        LOCKED.format("run"),
        BUILT,
        *TORCH,
        f"--no-deps --no-build-isolation -e {machine.root}",
    ]


def test_a_second_start_asks_pip_nothing_and_needs_no_compiler(machine: Machine) -> None:
    machine.run("scripts/run")
    machine.calls()
    machine.without("cc", "c++", "flock", "df")
    done = machine.run("scripts/run", "--port", "0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "appliance serve --port 0\n", "")
    assert machine.calls() == []


def test_for_the_lan_the_box_is_announced_beside_the_server(machine: Machine) -> None:
    done = machine.run("scripts/run", "--lan", "--port", "0")
    beside, serve = sorted(done.stdout.splitlines()[-2:])
    assert re.fullmatch(r"appliance announce --beside \d+ --lan --port 0", beside)
    assert serve == "appliance serve --lan --port 0"


def test_an_interrupted_set_up_goes_on_with_the_step_that_did_not_end(machine: Machine) -> None:
    failed = machine.run("scripts/run", FAKE_FAILS_AT="torch", FAKE_LOG="something new")
    assert failed.returncode == 1
    assert "appliance serve" not in failed.stdout
    machine.calls()
    done = machine.run("scripts/run")
    assert done.returncode == 0, done.stderr
    assert machine.calls()[:2] == [f"--force-reinstall {TORCH[0]}", TORCH[1]]


def test_a_venv_that_was_interrupted_is_made_anew(machine: Machine) -> None:
    marks = machine.root / ".venv/set-up"
    marks.mkdir(parents=True)
    (marks / "venv.begun").touch()
    machine.run("scripts/run")
    assert machine.calls()[0] == "venv"


def test_a_venv_that_somebody_else_made_is_kept(machine: Machine) -> None:
    (machine.root / ".venv/bin").mkdir(parents=True)
    shutil.copy(machine.bin / "python3", machine.root / ".venv/bin/python")
    assert machine.run("scripts/run").returncode == 0
    assert machine.calls()[0] == LOCKED.format("run")


def test_with_wheels_that_came_along_no_index_and_no_compiler_is_asked(
    machine: Machine, tmp_path: Path
) -> None:
    wheels, venv = tmp_path / "some wheels", machine.root / "venv"
    wheels.mkdir()
    (wheels / "requirements.txt").write_text("one==1 --hash=sha256:0\n")
    machine.without("cc", "c++")
    done = machine.run("scripts/run", BOX_WHEELS=str(wheels), BOX_VENV=str(venv))
    assert done.returncode == 0, done.stderr
    assert [call.replace("venv/set-up/pip.log ", "") for call in machine.calls()] == [
        "venv",
        f"--isolated --no-index --find-links {wheels} --require-hashes --no-deps "
        f"--only-binary :all: -r {wheels}/requirements.txt",
        f"--isolated --no-index --no-deps --no-build-isolation -e {machine.root}",
    ]
    machine.run("scripts/run", BOX_WHEELS=str(wheels), BOX_VENV=str(venv))
    assert machine.calls() == []


def test_changed_versions_are_installed_and_nothing_else_is(machine: Machine) -> None:
    machine.run("scripts/run")
    machine.calls()
    with (machine.root / "requirements/run.txt").open("a") as file:
        file.write("# changed\n")
    machine.run("scripts/run")
    assert machine.calls() == [LOCKED.format("run")]


def test_another_python_means_a_new_venv(machine: Machine) -> None:
    machine.run("scripts/run")
    machine.calls()
    newer = machine.bin / "newer"
    machine.program("newer", FAKE_PYTHON.replace("FAKE_VERSION:-3.11", "FAKE_VERSION:-3.13"))
    machine.run("scripts/run", PYTHON=str(newer), FAKE_BASE=str(newer))
    assert machine.calls()[:2] == ["venv", LOCKED.format("run")]
    machine.run("scripts/run", FAKE_BASE=str(newer))
    assert machine.calls() == []  # .venv keeps its Python when none is named


@pytest.mark.parametrize(
    ("variables", "missing", "words"),
    [
        ({"FAKE_VERSION": "3.9"}, [], ["3.11", "python3 is Python 3.9", "apt install python3"]),
        ({"PYTHON": "/nowhere/python3"}, [], ["3.11", "there is none", "PYTHON="]),
        ({}, ["python3"], ["3.11", "there is none", "apt install python3"]),
        ({"FAKE_VENV_MISSING": "1"}, [], ["apt install python3-venv"]),
        ({}, ["c++"], ["C++ compiler", "apt install g++"]),
        ({}, ["cc"], ["C++ compiler", "apt install g++"]),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    machine: Machine, variables: dict[str, str], missing: list[str], words: list[str]
) -> None:
    machine.without(*missing)
    done = machine.run("scripts/run", **variables)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert all(word in done.stderr for word in words), done.stderr
    assert machine.calls() == []


def test_too_little_disk_is_said_before_anything_is_loaded(machine: Machine) -> None:
    machine.program("df", "#!/bin/sh\necho Filesystem\necho '/dev/x 9 9 150000 1% /'\n")
    done = machine.run("scripts/run")
    assert done.returncode == 1
    assert "about 4 GB are needed" in done.stderr
    assert "150 MB are free" in done.stderr
    assert machine.calls() == []


def test_another_kind_of_computer_is_named(machine: Machine) -> None:
    machine.program("uname", "#!/bin/sh\necho Linux riscv64\n")
    assert "this is Linux riscv64" in machine.run("scripts/run").stderr


@pytest.mark.parametrize("step", ["run.txt", "built.txt", "torch", " -e "])
@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("<urllib3 ...>: Temporary failure in name resolution", "the first start needs a network"),
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not the one this version was tested"),
        ("ERROR: something new", "its last words are above"),
    ],
)
def test_a_failure_of_pip_is_explained(machine: Machine, step: str, log: str, words: str) -> None:
    done = machine.run("scripts/run", FAKE_FAILS_AT=step, FAKE_LOG=log)
    assert done.returncode == 1
    assert words in done.stderr.splitlines()[-1]
    assert "appliance serve" not in done.stdout


def test_two_at_once_wait_for_each_other(machine: Machine, tmp_path: Path) -> None:
    arrived, go_on = tmp_path / "arrived", tmp_path / "go_on"
    os.mkfifo(arrived)
    os.mkfifo(go_on)
    held = machine.environment | {
        "FAKE_WAITS_AT": "run.txt",
        "ARRIVED": str(arrived),
        "GO_ON": str(go_on),
    }
    command = machine.command("scripts/run")
    with subprocess.Popen(command, env=held, stdout=subprocess.PIPE, text=True) as first:
        arrived.read_text()
        with subprocess.Popen(
            command, env=machine.environment, stdout=subprocess.PIPE, text=True
        ) as second:
            assert second.stdout is not None
            assert "waiting for it" in second.stdout.readline()
            go_on.write_text("\n")
            assert first.wait(60) == 0
            assert second.stdout.read() == "appliance serve\n"
            assert second.wait(60) == 0
        assert first.stdout is not None
        assert first.stdout.read().endswith("appliance serve\n")
    assert len(machine.calls()) == 6


def test_the_checks_run_in_order_and_pytest_gets_the_arguments(machine: Machine) -> None:
    done = machine.run("scripts/test", "-k", "two words")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-4:] == [
        "ruff check",
        "ruff format --check",
        "mypy",
        f"{PYTEST} -k two words",
    ]
    assert LOCKED.format("test") in machine.calls()
    machine.run("scripts/run")
    assert machine.calls() == []  # what the tests need is more than what a start needs


def test_ci_runs_the_same(machine: Machine) -> None:
    done = machine.run(".ci/run", CI="true")
    assert done.stdout.splitlines()[-1] == PYTEST


def without_chromium(machine: Machine) -> None:
    machine.without("chromium")
    machine.program("id", "#!/bin/sh\necho 1000\n")


def test_without_chromium_the_browser_tests_are_left_out(machine: Machine) -> None:
    without_chromium(machine)
    done = machine.run("scripts/test", "-x")
    assert "Chromium is missing (apt install chromium)" in done.stdout
    assert done.stdout.splitlines()[-1] == f"{PYTEST} -m not browser and not slow -x"


def test_without_chromium_ci_fails(machine: Machine) -> None:
    without_chromium(machine)
    done = machine.run("scripts/test", CI="true")
    assert done.returncode == 1
    assert "Chromium is missing (apt install chromium)" in done.stderr
    assert "pytest" not in done.stdout


def test_as_root_chromium_is_installed(machine: Machine) -> None:
    machine.without("chromium")
    machine.program("id", "#!/bin/sh\necho 0\n")
    machine.program(
        "apt-get", f"#!/bin/sh\necho apt-get $*; cp {machine.bin}/cc {machine.bin}/chromium\n"
    )
    done = machine.run("scripts/test")
    assert "apt-get install -qy --no-install-recommends chromium" in done.stdout
    assert done.stdout.splitlines()[-1] == PYTEST


BESIDE = "apt-get install -qy --no-install-recommends nginx-light caddy prometheus"


@pytest.mark.parametrize("outcome", ["true", "false"])
def test_only_ci_installs_what_stands_beside_a_box_and_goes_on_without_it(
    machine: Machine, outcome: str
) -> None:
    machine.program("id", "#!/bin/sh\necho 0\n")
    machine.program("apt-get", f"#!/bin/sh\necho apt-get $*; {outcome}\n")
    assert "apt-get" not in machine.run("scripts/test").stdout
    done = machine.run("scripts/test", CI="true")
    assert (BESIDE in done.stdout) is (outcome == "true")
    assert done.stdout.splitlines()[-1] == PYTEST
    for name in ("nginx", "caddy", "promtool"):
        machine.program(name, "#!/bin/sh\n")
    assert "apt-get" not in machine.run("scripts/test", CI="true").stdout


@pytest.mark.parametrize("script", [*SCRIPTS, "scripts/set_up.sh"])
@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_the_scripts_are_shell_that_every_sh_reads(script: str, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    subprocess.run([shell, "-n", str(ROOT / script)], check=True)


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_can_be_started(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert (ROOT / script).read_text().startswith("#!/bin/sh\n")

"""The plug is pulled at each step of an update, and whoever comes next finds one whole version.

`kill -9` of the real updater at a moment of our choice; then the same command again, or the
machine's next start. The box's data is the real database, brought to the newest shape by the real
program of whichever version starts.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from installed_machine import InstalledMachine
from machine_folder import linked_environment
from pysqlite3 import dbapi2 as sqlite

from appliance.errors import InstallationError
from appliance.installation import journal, old_data, recovery, update
from appliance.installation.children import run_program
from appliance.installation.install import Installer
from appliance.installation.payload import Payload
from appliance.installation.places import Places
from appliance.installation.recovery import Recovery
from appliance.installation.releases import running
from appliance.installation.services import NoServices
from appliance.installation.update import Updater

pytestmark = pytest.mark.timeout(900)

ONE_MORE = "ALTER TABLE people ADD COLUMN mood TEXT"
MOMENTS = [
    *("write TRYING", "child copy", "child keep", "write KEEPING", "stop", "write SWITCHING"),
    *("link", "units", "start", "close"),
]
"""Each before and after. With a version that does not start, more of them follow."""
ON_THE_WAY_BACK = ["write RETURNING", "child look", "child put-back", "link", "units", "start"]


class Starts(NoServices):
    """A start is the program's own opening of its data, as when `serve` begins."""

    def __init__(self, places: Places, refuses: str = "") -> None:
        self.places = places
        self.refuses = refuses

    def are_running(self) -> bool:
        return True

    def start(self) -> None:
        release = running(self.places)
        assert release is not None
        run_program(self.places, release, "key", "list")
        if self.refuses and release.name.startswith(self.refuses):
            raise InstallationError("It is not ready.")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> InstalledMachine:
    house = InstalledMachine(tmp_path_factory.mktemp("house"))
    payload = house.newer("2", ONE_MORE)
    house.installer.put_beside(payload)
    return house


def cut(machine: InstalledMachine, moment: str, side: str, refuses: str = "") -> None:
    """Update in a process of its own, until that moment."""
    machine.reset()
    project = str(machine.newer("2", ONE_MORE).project)
    done = subprocess.run(
        [sys.executable, __file__, str(machine.places.root), moment, side, refuses, project],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, (moment, done.stdout, done.stderr)


def check_whole(machine: InstalledMachine, before: str) -> str:
    """One version, its own data, and nothing half done; which version."""
    Starts(machine.places).start()
    release = machine.running
    assert release is not None
    with sqlite.connect(machine.database) as database:
        database.execute("PRAGMA query_only=ON")
        names = [row[1] for row in database.execute("PRAGMA table_info(people)")]
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        people = database.execute("SELECT name FROM people").fetchall()
    database.close()
    assert people == [("me",)]
    assert ("mood" in names) == (release != machine.old)
    if release == machine.old:
        assert machine.contents == before
    assert not machine.places.journal.exists()
    assert not (machine.places.updates / "trial").exists()
    return release.name


def recovered_by_boot(machine: InstalledMachine) -> None:
    Recovery(Installer(machine.places, NoServices(), linked_environment)).carry_on()


def recovered_by_another_update(machine: InstalledMachine) -> None:
    installer = Installer(machine.places, Starts(machine.places), linked_environment, 0)
    Updater(installer, machine.said.append).update(
        machine.newer("2", ONE_MORE), without_answer=True
    )


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_cut_the_next_start_finds_one_whole_version(
    machine: InstalledMachine, moment: str
) -> None:
    machine.reset()
    before = machine.contents
    for side in ("before", "after"):
        cut(machine, moment, side)
        recovered_by_boot(machine)
        is_new = check_whole(machine, before) != machine.old.name
        assert is_new == (MOMENTS.index(moment) + (side == "after") > MOMENTS.index("link"))


@pytest.mark.parametrize("moment", ["child keep", "link", "start"])
def test_after_a_cut_the_same_command_again_brings_the_update_to_its_end(
    machine: InstalledMachine, moment: str
) -> None:
    machine.reset()
    before = machine.contents
    cut(machine, moment, "before")
    recovered_by_another_update(machine)
    assert check_whole(machine, before) != machine.old.name


@pytest.mark.parametrize("moment", ON_THE_WAY_BACK)
def test_a_cut_on_the_way_back_leads_back(machine: InstalledMachine, moment: str) -> None:
    machine.reset()
    before = machine.contents
    # Before the journal says so, the way back has not begun.
    cut(machine, f"back {moment}", "after" if moment == ON_THE_WAY_BACK[0] else "before", "2+")
    recovered_by_boot(machine)
    assert check_whole(machine, before) == machine.old.name


def die(moment: str, side: str) -> None:
    """Install the cut in this process: before or after the named moment, it is no more."""
    is_back = moment.startswith("back ")
    moment = moment.removeprefix("back ")
    seen = {"back": False}

    def cutting(name: str, function: object) -> object:
        def wrapped(*arguments: object, **named: object) -> object:
            said = name
            if name == "write":
                said = f"write {arguments[1].step.name}"  # type: ignore[attr-defined]
                seen["back"] |= said == "write RETURNING"
            if name == "child":
                said = f"child {arguments[1]}"
            is_it = said == moment and seen["back"] == is_back
            if is_it and side == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*arguments, **named)  # type: ignore[operator]
            if is_it:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return wrapped

    def wrap(owner: object, attribute: str, name: str) -> None:
        setattr(owner, attribute, cutting(name, getattr(owner, attribute)))

    wrap(journal, "write_entry", "write")
    wrap(journal, "close", "close")
    wrap(old_data.OldData, "_do", "child")
    for module in (update, recovery):
        wrap(module, "make_current", "link")
        wrap(module, "put_units", "units")
    wrap(Starts, "stop", "stop")
    wrap(Starts, "start", "start")


def main(root: str, moment: str, side: str, refuses: str, project: str) -> None:
    places = Places(Path(root))
    # That the model answers is another test's; the copy is made and taken away all the same.
    old_data.OldData.try_new = lambda self: str(self._do("copy", "trial") or "")[:0]
    die(moment, side)
    installer = Installer(places, Starts(places, refuses), linked_environment, 0)
    Updater(installer).update(Payload(Path(project)))


if __name__ == "__main__":
    main(*sys.argv[1:])

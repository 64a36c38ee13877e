"""The installed box is updated with the real program: its model, its database, its process."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from database_contents import contents_hash
from installed_machine import InstalledMachine
from machine_folder import PROJECT, change, installer
from pysqlite3 import dbapi2 as sqlite

from appliance.errors import InstallationError
from appliance.installation.one_at_a_time import held
from appliance.installation.payload import Payload
from appliance.installation.rollback import roll_back
from appliance.installation.update import Updater

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

ONE_MORE = "ALTER TABLE people ADD COLUMN mood TEXT"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> InstalledMachine:
    return InstalledMachine(tmp_path_factory.mktemp("house"))


@pytest.fixture
def machine(house: InstalledMachine) -> Iterator[InstalledMachine]:
    house.reset()
    yield house
    house.services.stop()


def program(machine: InstalledMachine, *arguments: str) -> list[str]:
    """The installed version's own command, as its own process."""
    assert machine.running is not None
    command = [str(machine.running.python), "-I", "-m", "appliance", *arguments]
    done = subprocess.run(
        [*command, "--data", str(machine.places.data)], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_an_update_runs_the_new_version_on_the_same_data_and_rollback_undoes_it(
    machine: InstalledMachine,
) -> None:
    key = program(machine, "key", "make", "a program", "--scope", "chat")[0]
    machine.services.start()
    before = machine.contents
    payload = machine.newer("2", ONE_MORE)
    words = machine.updater.update(payload)
    new = machine.release_of(payload)
    assert words == [
        f"Version {new.name} runs. {machine.old.name} and the data as it was are kept: "
        "`appliance rollback` goes back to them."
    ]
    assert machine.running == new
    assert machine.answers(key)
    assert not machine.places.journal.exists()
    assert [path.name for path in machine.places.updates.iterdir()] == [
        f"before-leaving-{machine.old.name}"
    ]
    words = roll_back(machine.installer)
    assert words == [f"Version {machine.old.name} runs again, in place of {new.name}."]
    machine.services.stop()
    assert machine.contents == before
    machine.services.start()
    assert machine.answers(key)
    with pytest.raises(InstallationError, match="no version here to go back to"):
        roll_back(machine.installer)


def test_what_was_said_since_is_left_out_of_an_older_shape_only_when_wished(
    machine: InstalledMachine,
) -> None:
    before = machine.contents
    machine.services.start()
    machine.updater.update(machine.newer("2", ONE_MORE))
    machine.say("What I said to the new version.")
    machine.services.stop()
    with_words = machine.contents
    with pytest.raises(InstallationError, match=r"2 messages would not be there .* --yes"):
        roll_back(machine.installer)
    assert machine.contents == with_words
    words = roll_back(machine.installer, may_leave_out=True)
    assert "What was said and changed since (2 messages)" in words[1]
    assert machine.contents == before
    kept = Path(words[1].rpartition(" is kept in ")[2].rstrip("."))
    assert contents_hash(kept / "appliance.sqlite3") == with_words


def test_what_was_said_since_stays_when_the_older_version_can_read_it(
    machine: InstalledMachine,
) -> None:
    machine.services.start()
    machine.updater.update(machine.newer("5"))
    machine.say("What I said to the new version.")
    roll_back(machine.installer)
    assert machine.running == machine.old
    assert machine.services.are_running()
    with closing(sqlite.connect(machine.database)) as database:
        rows = database.execute("SELECT content FROM messages WHERE role = 'user'").fetchall()
    assert rows == [("What I said to the new version.",)]


def test_a_migration_that_fails_never_stops_the_old_version(machine: InstalledMachine) -> None:
    machine.services.start()
    pid, before = machine.services.pid, machine.contents
    payload = machine.newer("3", "ALTER TABLE nobody ADD COLUMN mood TEXT")
    with pytest.raises(InstallationError) as refused:
        machine.updater.update(payload)
    assert f"Version {machine.old.name} answers as before" in str(refused.value)
    assert "no such table: nobody" in str(refused.value)
    assert (machine.services.pid, machine.contents) == (pid, before)
    assert machine.running == machine.old
    assert not machine.release_of(payload).folder.exists()
    assert list(machine.places.updates.iterdir()) == []


def test_a_version_that_does_not_become_ready_is_undone_with_its_migration(
    machine: InstalledMachine,
) -> None:
    payload = machine.newer("4", ONE_MORE)
    if "of a test" not in (payload.project / "appliance/cli/serve.py").read_text():
        change(
            payload.project / "appliance/cli/serve.py",
            "            report.watch(box)\n",
            "            report.watch(box)\n"
            "            raise SettingsError('The new unit is too tight, of a test.')\n",
        )
    machine.services.start()
    machine.services.stop()
    before = machine.contents
    machine.services.start()
    with pytest.raises(InstallationError, match=r"answers as before.*too tight, of a test") as why:
        machine.updater.update(payload)
    assert "left out" not in str(why.value)
    assert machine.running == machine.old
    assert machine.services.are_running()
    machine.services.stop()
    assert machine.contents == before
    assert list(machine.places.updates.iterdir()) == []


def test_what_runs_already_is_not_updated(machine: InstalledMachine) -> None:
    words = machine.updater.update(Payload(machine.old.folder))
    assert words == [f"Version {machine.old.name} is what runs already."]


def test_two_updates_at_once_are_one_and_a_refusal(machine: InstalledMachine) -> None:
    with (
        held(machine.places.lock),
        pytest.raises(InstallationError, match="Another installation or update is at work"),
    ):
        machine.updater.update(machine.newer("2", ONE_MORE))


def test_without_a_box_there_is_nothing_to_update(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match=r"start scripts/install"):
        Updater(installer(tmp_path)).update(Payload(PROJECT))

"""From one version to the next, or back, and never in between.

    beside     the new version is installed; the old one answers
    trying     the new one runs on a copy of the data: its shapes, its model, one reply
    keeping    the old one stops; its data is copied
    switching  the link is renamed, and from that moment the box is the new version
    returning  the new one did not become ready: data and link go back, and the old one starts

Nobody's words are in danger before the link is renamed, because nothing but copies was made; and
after it the copy is whole. Each step is on the disk before it begins (`journal`), so that whoever
comes after a power cut carries on (`recovery`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import disk_usage

from appliance.errors import InstallationError
from appliance.installation import journal
from appliance.installation.install import Installer
from appliance.installation.journal import Entry, Step
from appliance.installation.machine import check_machine
from appliance.installation.old_data import OldData
from appliance.installation.one_at_a_time import held
from appliance.installation.payload import Payload
from appliance.installation.project import release_of
from appliance.installation.recovery import Recovery
from appliance.installation.releases import Release, make_current, remove_others, running
from appliance.installation.units import make_user, put_command, put_units
from appliance.installation.whole_files import remove

NOTHING_CHANGED = "Version {old} answers as before. {new} was not taken: {why}"
NO_ANSWER = (
    "the model gave no answer ({why}). If it gives none now either, update all the same with "
    "--without-answer."
)
KEPT_FREE_BYTES = 1_000_000_000
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Updater:
    """`say` is told how far it is."""

    installer: Installer
    say: Say = print

    def update(self, payload: Payload, *, without_answer: bool = False) -> list[str]:
        """What to say of it. Raises InstallationError when the old version is what runs after it,
        with the old data; the sentence says why.
        """
        places = self.installer.places
        check_machine(places)
        with held(places.lock):
            recovered = Recovery(self.installer).carry_on()
            old = running(places)
            if old is None:
                raise InstallationError(
                    "There is no box here yet that could be updated: start scripts/install."
                )
            if old.name == release_of(payload.project):
                return [*recovered, f"Version {old.name} is what runs already."]
            was_there = (places.releases / release_of(payload.project)).exists()
            self.say(f"Installing {release_of(payload.project)} beside {old.name}.")
            try:
                new = self.installer.put_beside(payload)
            except InstallationError:
                self._make_room_again(places.releases / release_of(payload.project))
                raise
            try:
                return [*recovered, *self._change(old, new, payload, without_answer)]
            except InstallationError:
                if not was_there and running(places) != new:
                    remove(new.folder)
                raise

    def _make_room_again(self, half: Path) -> None:
        """What is half installed may stay for the next try, but not where the box needs room."""
        if half.exists() and disk_usage(half).free < KEPT_FREE_BYTES:
            remove(half)

    def _change(
        self, old: Release, new: Release, payload: Payload, without_answer: bool
    ) -> list[str]:
        places, services = self.installer.places, self.installer.services
        entry = Entry(old.name, new.name, Step.TRYING, services.are_running())
        data = OldData(places, new)
        try:
            journal.write_entry(places.journal, entry)
            self.say(f"Trying {new.name} on a copy of the data; {old.name} answers meanwhile.")
            self._try(data, without_answer)
            self.say(f"Changing to {new.name}; whoever writes meanwhile waits.")
            journal.write_entry(places.journal, replace(entry, step=Step.KEEPING))
            services.stop()
            data.keep(old)
        except (InstallationError, OSError, KeyboardInterrupt) as error:
            Recovery(self.installer).give_up(entry)
            raise _refused(old, new, error) from error
        journal.write_entry(places.journal, replace(entry, step=Step.SWITCHING))
        try:
            self._switch(new, payload, entry)
        except (InstallationError, OSError, KeyboardInterrupt) as error:
            words = Recovery(self.installer).go_back(entry)
            raise _refused(old, new, error, *words) from error
        journal.close(places.journal)
        remove_others(places, old, new)
        data.forget_others(old)
        return [
            f"Version {new.name} runs. {old.name} and the data as it was are kept: "
            "`appliance rollback` goes back to them."
        ]

    def _try(self, data: OldData, without_answer: bool) -> None:
        data.forget_trial()
        try:
            why = data.try_new()
        finally:
            data.forget_trial()
        if why and not without_answer:
            raise InstallationError(NO_ANSWER.format(why=why))

    def _switch(self, new: Release, payload: Payload, entry: Entry) -> None:
        places, services = self.installer.places, self.installer.services
        make_current(places, new)
        make_user(places, new)
        put_command(places)
        put_units(places, new, services)
        self.installer.bring_models(payload, new)
        if entry.was_running:
            services.start()


def _refused(old: Release, new: Release, why: BaseException, *words: str) -> InstallationError:
    reason = (why.strerror if isinstance(why, OSError) else str(why)) or "it was interrupted."
    sentence = NOTHING_CHANGED.format(old=old.name, new=new.name, why=reason)
    return InstallationError(" ".join([sentence, *words]))
